using System.Text;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;
using VlmSharp.Quantization;

namespace VlmSharp.Core.Tests.Quantization;

/// <summary>A model in NF4 in which the tensors of one matrix are others.</summary>
internal static class Nf4Folder
{
    /// <summary>The matrix, [64, 160].</summary>
    public const string Matrix = "language_model.model.layers.0.mlp.down_proj.weight";

    /// <summary>Makes what stands for the matrix: of its tensors by what follows its name, those to write.</summary>
    public delegate IEnumerable<TensorToWrite> Change(string name, SafetensorsFile file, Dictionary<string, SafetensorsEntry> parts);

    /// <summary>Writes the folder.</summary>
    public static string Write(string scratch, Change change)
    {
        string source = Path.Combine(scratch, "nf4"), folder = Path.Combine(scratch, "changed");
        if (!Directory.Exists(source)) ModelQuantizer.Write(GoldenFiles.PathOf("models", "pg1"), source, DType.Nf4);
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(folder, "config.json"), overwrite: true);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(source, SafetensorsNames.Whole));
        var parts = file.Entries.Values.Where(e => e.Name.StartsWith(Matrix, StringComparison.Ordinal)).ToDictionary(e => e.Name[Matrix.Length..]);
        TensorToWrite[] tensors =
        [
            .. file.Entries.Values.Where(e => !e.Name.StartsWith(Matrix, StringComparison.Ordinal)).Select(e => Copy(file, e)),
            .. change(Matrix, file, parts),
        ];
        SafetensorsWriter.Write(Path.Combine(folder, SafetensorsNames.Whole), tensors);
        return folder;
    }

    /// <summary>A tensor as it is, under its name or another.</summary>
    public static TensorToWrite Copy(SafetensorsFile file, SafetensorsEntry entry, string? name = null) =>
        new(name ?? entry.Name, entry.Type, entry.Shape, stream => stream.Write(file.Bytes(entry)));

    /// <summary>The matrix's JSON.</summary>
    public static TensorToWrite Text(string json)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        return new(Matrix + BitsAndBytes.State, SafetensorsType.U8, [bytes.Length], stream => stream.Write(bytes));
    }
}
