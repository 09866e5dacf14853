package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.CallSettings;
import dev.wick.binding.ExecutorSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.TorchBinding;
import dev.wick.error.UnsupportedFeatureException;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;

/** A facet is there, or its lack is named together with the choice that has it. */
class FacetContract extends ContractCase {

    private Map<String, Optional<?>> facets() {
        return Map.of(TorchBinding.CUDA, binding.cuda(), TorchBinding.MEMORY, binding.memory(),
                TorchBinding.ONEDNN_GRAPH, binding.onednnGraph());
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

    boolean fusionIsThere() {
        return binding.onednnGraph().isPresent();
    }

    @Test
    @DisabledIf("fusionIsThere")
    void aCallThatAsksForMissingFusionIsRefused() {
        Handle forward = own(binding.method(load("tiny.pt"), "forward"));
        assertThatThrownBy(() -> binding.callMethod(forward, new CallSettings(GradMode.INFERENCE, 0, true),
                box(empty(FLOAT32, 4, 4)))).isInstanceOf(UnsupportedFeatureException.class)
                .hasMessage(binding.missingFeatures().get(TorchBinding.ONEDNN_GRAPH));
    }

    @Test
    @DisabledIf("fusionIsThere")
    void anExecutorWithMissingFusionIsRefusedAndStaysAsItWas() {
        ExecutorSettings before = binding.executor();
        ExecutorSettings fused = new ExecutorSettings(!before.optimize(), before.profiling(), before.profiledRuns(),
                before.tensorExpressionFuser(), true, before.fusionStrategy());
        assertThatThrownBy(() -> binding.setExecutor(fused)).isInstanceOf(UnsupportedFeatureException.class)
                .hasMessage(binding.missingFeatures().get(TorchBinding.ONEDNN_GRAPH));
        assertThat(binding.executor()).isEqualTo(before);
    }
}
