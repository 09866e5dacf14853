package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.binding.TorchBinding;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A facet is there, or its lack is named together with the choice that has it. */
class FacetContract extends ContractCase {

    private Map<String, Optional<?>> facets() {
        return Map.of(TorchBinding.CUDA, binding.cuda(), TorchBinding.CUBLAS, binding.cublas(), TorchBinding.MEMORY,
                binding.memory(), TorchBinding.PROFILER, binding.profiler(), TorchBinding.ONEDNN_GRAPH,
                binding.onednnGraph());
    }

    @Test
    void whatIsMissingIsNamedAndNothingElse() {
        facets().forEach((feature, facet) -> assertThat(binding.missingFeatures().containsKey(feature)).as(feature)
                .isEqualTo(facet.isEmpty()));
    }

    @Test
    void aReasonNamesTheChoiceThatHasIt() {
        if (!binding.calls().equals("panama")) {
            assertThat(binding.missingFeatures()).isNotEmpty()
                    .allSatisfy((feature, reason) -> assertThat(reason).as(feature).contains("panama"));
        }
    }
}
