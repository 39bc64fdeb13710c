using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Training.Optimizers;

/// <summary>The numbers of parameters as a safetensors file in fp32, which a checkpoint needs to resume exactly.</summary>
public static class ParameterFile
{
    /// <summary>Writes the parameters; for a parameter in BF16, its master copy.</summary>
    /// <param name="path">A safetensors file; an existing one is replaced when the new one is complete.</param>
    /// <param name="parameters">What is trained; each is stored as F32, in its own shape.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Save(string path, IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        TensorToWrite ToWrite(Parameter p) => new(p.Name, SafetensorsType.F32, [p.Weight.Rows, p.Weight.Columns], stream =>
        {
            using var block = new NativeBlock(sizeof(float) * p.Length);
            p.Read(block.Floats(0, checked((int)p.Length)));
            TensorToWrite.WriteBytes(stream, block.Data, block.Bytes);
        });
        SafetensorsWriter.Write(path, parameters.Select(ToWrite));
    }

    /// <summary>Reads them back.</summary>
    /// <param name="path">A file of <see cref="Save"/>.</param>
    /// <param name="parameters">The same parameters, whose numbers are replaced.</param>
    /// <exception cref="ModelFormatException">The file is damaged, or of other parameters.</exception>
    public static unsafe void Load(string path, IReadOnlyList<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (parameters.FirstOrDefault(p => !file.Entries.ContainsKey(p.Name)) is { } missing)
            throw new ModelFormatException($"{path} has no tensor {MessageText.Quote(missing.Name)}, which is trained here.");
        if (file.Entries.Count > parameters.Count)
            throw new ModelFormatException($"{path} holds {file.Entries.Count} parameters, and {parameters.Count} are trained here.");
        foreach (Parameter p in parameters)
        {
            SafetensorsEntry entry = file.Entries[p.Name];
            if (entry.Type != SafetensorsType.F32 || !entry.Shape.SequenceEqual([p.Weight.Rows, p.Weight.Columns]))
                throw new ModelFormatException($"{path} holds {entry}, where F32 [{p.Weight.Rows}, {p.Weight.Columns}] belongs.");
            p.Write(new ReadOnlySpan<float>((float*)file.DataPointer(entry), checked((int)p.Length)));
        }
    }
}
