using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Backend.Tests;

/// <summary>A complete backend over managed arrays that uses only the public API of VlmSharp.</summary>
public sealed class ArrayBackend : IComputeBackend
{
    private readonly ArrayOperators operators = new();

    public string Name => "arrays";

    public string Description => "managed arrays, plain loops";

    public Matrix Allocate(int rows, int columns) => new(new ArrayBlock<float>(new float[rows * columns]), rows, columns);

    public Matrix Upload(ReadOnlySpan<float> values, int rows, int columns)
    {
        if (values.Length != rows * columns)
            throw new ArgumentException($"Upload: {values.Length} numbers do not fill [{rows}, {columns}].");
        return new Matrix(new ArrayBlock<float>(values.ToArray()), rows, columns);
    }

    public Indices Upload(ReadOnlySpan<int> values) => new(new ArrayBlock<int>(values.ToArray()), values);

    public void Download(Matrix x, Span<float> destination)
    {
        if (destination.Length != x.Length) throw new ArgumentException($"Download: {x} does not fit {destination.Length} numbers.");
        x.Rows().Numbers.Span.CopyTo(destination);
    }

    public Weight LoadWeight(in WeightData data) => new ArrayWeight(data);

    public KvCache CreateKvCache(int layers, int width, int capacity) => new ArrayKvCache(layers, width, capacity);

    public Matrix Run<TOperator>(in TOperator op) where TOperator : struct, IOperator
    {
        Matrix y = op.Check() is { } shape ? Allocate(shape.Rows, shape.Columns) : default;
        Rows rows = y.HasValue ? y.Rows() : default;
        switch (op)
        {
            case AdamW o: operators.Run(o); break;
            case AdamW8Bit o: operators.Run(o); break;
            case Add o: operators.Run(o, rows); break;
            case AddRows o: operators.Run(o, rows); break;
            case AppendKeyValues o: operators.Run(o); break;
            case AssignRows o: operators.Run(o); break;
            case Attention o: operators.Run(o, rows); break;
            case AttentionKeyGradient o: operators.Run(o, rows); break;
            case AttentionQueryGradient o: operators.Run(o, rows); break;
            case AttentionStatistics o: operators.Run(o, rows); break;
            case AttentionValueGradient o: operators.Run(o, rows); break;
            case AttentionWeights o: operators.Run(o, rows); break;
            case CachedAttention o: operators.Run(o, rows); break;
            case Choose o: operators.Run(o, rows); break;
            case CopyKeyValues o: operators.Run(o); break;
            case CrossEntropy o: operators.Run(o, rows); break;
            case CrossEntropyInputGradient o: operators.Run(o, rows); break;
            case CrossEntropyWeightGradient o: operators.Run(o, rows); break;
            case Dropout o: operators.Run(o, rows); break;
            case Embed o: operators.Run(o, rows); break;
            case GatedGelu o: operators.Run(o, rows); break;
            case GatedLinear o: operators.Run(o, rows); break;
            case Gelu o: operators.Run(o, rows); break;
            case GeluGradient o: operators.Run(o, rows); break;
            case JoinRows o: operators.Run(o, rows); break;
            case LayerNorm o: operators.Run(o, rows); break;
            case LayerNormGainGradient o: operators.Run(o, rows); break;
            case LayerNormInputGradient o: operators.Run(o, rows); break;
            case Linear o: operators.Run(o, rows); break;
            case LinearInputGradient o: operators.Run(o, rows); break;
            case LinearRows o: operators.Run(o, rows); break;
            case LinearWeightGradient o: operators.Run(o, rows); break;
            case LogSoftmax o: operators.Run(o, rows); break;
            case PatchEmbed o: operators.Run(o, rows); break;
            case PatchKernelGradient o: operators.Run(o, rows); break;
            case ReplaceRows o: operators.Run(o, rows); break;
            case RmsNorm o: operators.Run(o, rows); break;
            case RmsNormGainGradient o: operators.Run(o, rows); break;
            case RmsNormInputGradient o: operators.Run(o, rows); break;
            case Rope o: operators.Run(o, rows); break;
            case RopeGradient o: operators.Run(o, rows); break;
            case RotaryAngles o: operators.Run(o, rows); break;
            case Scale o: operators.Run(o, rows); break;
            case SelectRows o: operators.Run(o, rows); break;
            case Sgd o: operators.Run(o); break;
            case SoftCap o: operators.Run(o, rows); break;
            case SoftCapGradient o: operators.Run(o, rows); break;
            case SumOfSquares o: operators.Run(o, rows); break;
            case SumRows o: operators.Run(o, rows); break;
            default: throw new NotSupportedException($"The backend {Name} has no kernel for {typeof(TOperator).Name}.");
        }

        return y;
    }

    public void Dispose() { }
}
