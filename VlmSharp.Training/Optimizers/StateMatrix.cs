using System.Collections.Immutable;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Training.Optimizers;

/// <summary>A state that an optimizer keeps for a parameter, and its form in a file.</summary>
/// <param name="Name">What it is: <c>exp_avg</c>.</param>
/// <param name="Shape">The shape of the matrix.</param>
/// <param name="AreBytes">Whether each number's place holds four bytes (quantization codes).</param>
/// <param name="Matrix">The numbers; <c>default</c> in a description, and if another process keeps them.</param>
internal sealed record StateMatrix(string Name, MatrixShape Shape, bool AreBytes = false, Matrix Matrix = default)
{
    private long Count => (long)Shape.Rows * Shape.Columns;

    private SafetensorsType Type => AreBytes ? SafetensorsType.U8 : SafetensorsType.F32;

    private ImmutableArray<long> FileShape => AreBytes ? [4 * Count] : [Shape.Rows, Shape.Columns];

    /// <summary>Its name in a file: PARAMETER.exp_avg.</summary>
    public string NameOf(string parameter) => $"{parameter}.{Name}";

    /// <summary>The same with a matrix of zeros.</summary>
    public StateMatrix Zeros(IComputeBackend b)
    {
        using var block = new NativeBlock(sizeof(float) * Count);
        Span<float> numbers = block.Floats(0, checked((int)Count));
        numbers.Clear();
        return this with { Matrix = b.Upload(numbers, Shape.Rows, Shape.Columns) };
    }

    /// <summary>The tensor of a file.</summary>
    /// <param name="b">Has the numbers.</param>
    /// <param name="parameter">Whose they are.</param>
    /// <param name="shards">Has the numbers of other processes, or null.</param>
    public TensorToWrite ToWrite(IComputeBackend b, Parameter parameter,
        OptimizerShards? shards) => new(NameOf(parameter.Name), Type, FileShape, stream =>
    {
        using var block = new NativeBlock(sizeof(float) * Count);
        Span<float> numbers = block.Floats(0, checked((int)Count));
        if (Matrix.HasValue) b.Download(Matrix, numbers);
        shards?.Exchange(parameter, numbers);
        TensorToWrite.WriteBytes(stream, block.Data, block.Bytes);
    });

    /// <summary>The same with the matrix that a file holds.</summary>
    public unsafe StateMatrix Read(IComputeBackend b, SafetensorsFile file, string parameter)
    {
        SafetensorsEntry entry = file.Entries[NameOf(parameter)];
        if (entry.Type != Type || !entry.Shape.SequenceEqual(FileShape))
            throw new ModelFormatException($"{file.Path} holds {entry}, where {Type.HeaderName()} {MessageText.Shape(FileShape)} belongs.");
        var numbers = new ReadOnlySpan<float>((float*)file.DataPointer(entry), checked((int)Count));
        return this with { Matrix = b.Upload(numbers, Shape.Rows, Shape.Columns) };
    }
}
