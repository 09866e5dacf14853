package dev.wick.vision.image;

import dev.wick.DType;
import dev.wick.PinnedBuffer;
import dev.wick.Tensor;
import dev.wick.error.BadArgumentException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

/**
 * Reads any number of pictures on all cores and hands them out in batches, in order; a configuration and its calls
 * belong to one thread.
 *
 * <pre>{@code
 * var summary = ImageBatches.of(ImagePreprocessor.clip(224), 64)
 *         .progress(progress -> show(progress.done()))
 *         .forEach(PictureFiles.of(folder).files(), batch -> embed(batch.tensor(), batch.files()));
 * summary.failures().forEach(System.out::println);
 * }</pre>
 *
 * <p>A file that cannot be read is reported, counted and left out; the batch is filled with those behind it. Decoding
 * runs ahead of the caller's work by a batch and two files a thread and then waits, so that memory does not depend on
 * the number of files: prepared pictures wait as 8-bit pixels, and each thread holds the one that it decodes.
 */
public final class ImageBatches {
    private static final int MOST_FAILURES = 1000;

    private final ImagePreprocessor recipe;
    private final int batchSize;
    private int threads = Runtime.getRuntime().availableProcessors();
    private Consumer<Progress> progress = _ -> { };
    private Consumer<PictureFailure> failed = _ -> { };
    private MemorySegment memory;
    private PinnedBuffer pinned;

    private ImageBatches(ImagePreprocessor recipe, int batchSize) {
        this.recipe = recipe;
        this.batchSize = batchSize;
    }

    /** Begins with batches in a tensor of its own, on as many threads as there are cores. */
    public static ImageBatches of(ImagePreprocessor recipe, int batchSize) {
        if (batchSize < 1) {
            throw new BadArgumentException("expected a batch of at least 1, got " + batchSize);
        }
        return new ImageBatches(recipe, batchSize);
    }

    /** How many threads decode. */
    public ImageBatches threads(int count) {
        if (count < 1) {
            throw new BadArgumentException("expected at least 1 thread, got " + count);
        }
        threads = count;
        return this;
    }

    /** What is called after each file, on the calling thread. */
    public ImageBatches progress(Consumer<Progress> listener) {
        progress = listener;
        return this;
    }

    /** What is called for each file that is left out, in the order of the files, on the calling thread. */
    public ImageBatches failures(Consumer<PictureFailure> listener) {
        failed = listener;
        return this;
    }

    /**
     * Writes every batch into this memory: a runner's input, which lies in page-locked memory for a CUDA device.
     *
     * @throws BadArgumentException if it is smaller than a batch
     */
    public ImageBatches into(MemorySegment target) {
        requireBatch(target.byteSize());
        memory = target;
        pinned = null;
        return this;
    }

    /**
     * Writes the batches into the slots of page-locked memory in turn, each as soon as no copy uses it any more.
     *
     * @throws BadArgumentException if a slot is smaller than a batch
     */
    public ImageBatches into(PinnedBuffer buffer) {
        requireBatch(buffer.slotByteSize());
        pinned = buffer;
        memory = null;
        return this;
    }

    private void requireBatch(long bytes) {
        if (bytes < recipe.byteSize() * batchSize) {
            throw new BadArgumentException("expected memory of " + recipe.byteSize() * batchSize + " bytes for "
                    + batchSize
                    + " pictures, got " + bytes);
        }
    }

    /**
     * How far it is.
     *
     * @param done   files that were read or left out
     * @param failed those that were left out
     */
    public record Progress(long done, long failed) {
    }

    /**
     * What became of the files.
     *
     * @param pictures  handed out
     * @param batches   in which they were
     * @param failed    files that were left out
     * @param failures  the first 1000 of them
     */
    public record Summary(long pictures, long batches, long failed, List<PictureFailure> failures) {
        public Summary {
            failures = List.copyOf(failures);
        }
    }

    /**
     * Reads the files and calls {@code action} with every batch, on the calling thread. What the action throws ends it:
     * no further file is read, and threads have ended when it returns. So does an interrupt.
     *
     * @param files taken as they are needed, on the calling thread; any length
     * @throws CancellationException if the calling thread is interrupted, which it then still is
     */
    public Summary forEach(Iterable<Path> files, Consumer<PictureBatch> action) {
        List<Thread> started = new CopyOnWriteArrayList<>();
        ThreadFactory platform = Thread.ofPlatform().daemon().name("wick-pictures-", 0).factory();
        ExecutorService workers = Executors.newFixedThreadPool(threads, work -> {
            Thread thread = platform.newThread(work);
            started.add(thread);
            return thread;
        });
        try (Tensor own = memory == null && pinned == null
                ? Tensor.empty(DType.FLOAT32, batchSize, 3, recipe.height(), recipe.width()) : null) {
            return new Reading(workers, files.iterator(), action, own).run();
        } finally {
            workers.shutdownNow();
            awaitEnd(started);
        }
    }

    /** Of the threads themselves: an executor calls itself terminated while its last thread is still on its way out. */
    private static void awaitEnd(List<Thread> started) {
        boolean interrupted = false;
        for (Thread thread : started) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** A file in work: its pixels, or why there are none. */
    private record Job(Path file, Future<PixelImage> pixels) {
    }

    /** One pass over the files. */
    private final class Reading {
        private final ExecutorService workers;
        private final Iterator<Path> files;
        private final Consumer<PictureBatch> action;
        private final Tensor own;
        private final ArrayDeque<Job> ahead = new ArrayDeque<>();
        private final List<Path> batch = new ArrayList<>();
        private final List<PictureFailure> failures = new ArrayList<>();
        private MemorySegment target;
        private long done;
        private long failedCount;
        private long batches;

        Reading(ExecutorService workers, Iterator<Path> files, Consumer<PictureBatch> action, Tensor own) {
            this.workers = workers;
            this.files = files;
            this.action = action;
            this.own = own;
        }

        Summary run() {
            int most = batchSize + 2 * threads;
            while (true) {
                while (ahead.size() < most && files.hasNext()) {
                    Path file = files.next();
                    ahead.add(new Job(file, workers.submit(() -> recipe.pixels(file))));
                }
                Job job = ahead.poll();
                if (job == null) {
                    break;
                }
                take(job);
                progress.accept(new Progress(++done, failedCount));
                if (batch.size() == batchSize) {
                    handOut();
                }
            }
            if (!batch.isEmpty()) {
                handOut();
            }
            return new Summary(done - failedCount, batches, failedCount, failures);
        }

        private void take(Job job) {
            PixelImage pixels;
            try {
                // Of pixels that are there already nobody waits, and an interrupt would go unnoticed.
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                pixels = job.pixels().get();
            } catch (ExecutionException e) {
                Throwable cause = e.getCause();
                if (cause instanceof Error error) {
                    throw error;
                }
                leaveOut(new PictureFailure(job.file(), cause instanceof PictureException known ? known.reason()
                        : cause.toString()));
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                CancellationException cancelled = new CancellationException("interrupted while pictures were read");
                cancelled.initCause(e);
                throw cancelled;
            }
            if (target == null) {
                target = memory != null ? memory : own != null ? own.segment() : pinned.segment(slot());
            }
            recipe.normalize(pixels, target.asSlice(batch.size() * recipe.byteSize(), recipe.byteSize()));
            batch.add(job.file());
        }

        private void leaveOut(PictureFailure failure) {
            failedCount++;
            if (failures.size() < MOST_FAILURES) {
                failures.add(failure);
            }
            failed.accept(failure);
        }

        private int slot() {
            return pinned == null ? 0 : (int) (batches % pinned.slots());
        }

        private void handOut() {
            if (own == null) {
                action.accept(new PictureBatch(batches, batch, target, slot(), null));
            } else {
                try (Tensor part = own.slice(0, 0, batch.size())) {
                    action.accept(new PictureBatch(batches, batch, target, 0, part));
                }
            }
            batches++;
            batch.clear();
            target = null;
        }
    }
}
