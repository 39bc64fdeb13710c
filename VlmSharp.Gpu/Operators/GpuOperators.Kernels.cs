using VlmSharp.Gpu.Kernels.Elements;
using VlmSharp.Gpu.Kernels.Limits;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore>
{
    /// <summary>
    /// Every kernel that a backend with this core, or the probe of its limits, can launch, so that each can be loaded and verified. Names
    /// are unique.
    /// </summary>
    public static IReadOnlyList<Kernel> Kernels =>
    [
        .. ProductKernels<TCore>.All,
        .. AttentionKernels,
        .. AttentionGradientKernels,
        .. ElementKernels,
        ColumnSums.Kernel,
        .. Conversions.Kernels,
        .. LimitKernels.All(IsNarrow),
        EmbedKernel, RotaryAnglesKernel, RopeKernel, LayerNormKernel, RmsNormKernel, SelectRowsKernel, ReplaceRowsKernel,
        SoftCapKernel, RowStatisticsKernel, LogSoftmaxKernel, TopKKernel, TopPKernel, DrawKernel, ChooseKernel,
        RopeGradientKernel, RmsNormInputGradientKernel, RmsNormScaleKernel, LayerNormInputGradientKernel, LayerNormScaleKernel,
        AddRowsKernel, DropoutKernel, CrossEntropyPartKernel, CrossEntropyKernel, ScoreGradientKernel,
        AssignRowsKernel, AdamWKernel, AdamW8BitKernel, SgdKernel, SumOfSquaresPieceKernel, SumOfSquaresKernel,
    ];

    private static IReadOnlyList<Kernel> ElementKernels =>
    [
        Elementwise<GeluFunction>.Kernel, Elementwise<GeluGradientFunction>.Kernel, Elementwise<GatedGeluFunction>.Kernel,
        Elementwise<ScaleFunction>.Kernel, Elementwise<AddFunction>.Kernel, Elementwise<SoftCapGradientFunction>.Kernel,
    ];
}
