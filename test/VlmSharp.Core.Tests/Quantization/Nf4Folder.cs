using System.Text;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;
using VlmSharp.Quantization;

namespace VlmSharp.Core.Tests.Quantization;

/// <summary>Writes a model in NF4 in which a test changes the tensors of one matrix.</summary>
internal static class Nf4Folder
{
    /// <summary>The name of the changed matrix, [64, 160].</summary>
    public const string Matrix = "language_model.model.layers.0.mlp.down_proj.weight";

    /// <summary>Makes the tensors to write for the matrix from its own tensors, which are given by the suffix of their names.</summary>
    public delegate IEnumerable<TensorToWrite> Change(string name, SafetensorsFile file, Dictionary<string, SafetensorsEntry> parts);

    /// <summary>Writes the folder.</summary>
    public static string Write(string scratch, Change change)
    {
        string source = Path.Combine(scratch, "nf4"), folder = Path.Combine(scratch, "changed");
        if (!Directory.Exists(source)) ModelQuantizer.Write(GoldenFiles.PathOf("models", "pg1"), source, DType.Nf4);
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(folder, "config.json"), overwrite: true);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(source, SafetensorsNames.Whole));
        var parts =
            file.Entries.Values.Where(e => e.Name.StartsWith(Matrix, StringComparison.Ordinal)).ToDictionary(e => e.Name[Matrix.Length..]);
        TensorToWrite[] tensors =
        [
            .. file.Entries.Values.Where(e => !e.Name.StartsWith(Matrix, StringComparison.Ordinal)).Select(e => Copy(file, e)),
            .. change(Matrix, file, parts),
        ];
        SafetensorsWriter.Write(Path.Combine(folder, SafetensorsNames.Whole), tensors);
        return folder;
    }

    /// <summary>A copy of a tensor, under its own name or another.</summary>
    public static TensorToWrite Copy(SafetensorsFile file, SafetensorsEntry entry, string? name = null) =>
        new(name ?? entry.Name, entry.Type, entry.Shape, stream => stream.Write(file.Bytes(entry)));

    /// <summary>The JSON metadata of the matrix.</summary>
    public static TensorToWrite Text(string json)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        return new(Matrix + BitsAndBytes.State, SafetensorsType.U8, [bytes.Length], stream => stream.Write(bytes));
    }
}
