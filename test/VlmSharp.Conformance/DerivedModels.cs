using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Conformance;

/// <summary>
/// The golden models whose weights are those of <c>pg1</c> in another dtype, layout or naming. The repository holds their small files.
/// The weights and the tokenizer are made from <c>pg1</c> when a test first needs them. Each weight file has the SHA-256 of the file
/// that the reference (transformers with its safetensors library) wrote, so it does not matter which program made it.
/// </summary>
internal static class DerivedModels
{
    private static readonly Dictionary<string, Lazy<string>> Folders = new(StringComparer.Ordinal)
    {
        ["pg1-f16"] = new(() => Make("pg1-f16", DType.F16, Same, ["tokenizer.json"])),
        ["pg1-f32-sharded"] = new(() => Make("pg1-f32-sharded", DType.F32, Same, ["tokenizer.model"])),
        ["pg1-new-names"] = new(() => Make("pg1-new-names", DType.BF16, NewNames, ["tokenizer.model"])),
    };

    private static readonly Dictionary<string, string> Hashes = new(StringComparer.Ordinal)
    {
        ["pg1-f16/model.safetensors"] = "64d09fc1916ae37af20420be56b436bd0781894338493690422a13e1d908c161",
        ["pg1-f32-sharded/model-00001-of-00003.safetensors"] = "2d8bc5c9bae2a0b7a3bcfc49264dcf215b0ec1afb2ce5194203b2b97c9de81c7",
        ["pg1-f32-sharded/model-00002-of-00003.safetensors"] = "abe29a78849628f6910629c184ff0df89193e7ea2c696939e63db092f8718005",
        ["pg1-f32-sharded/model-00003-of-00003.safetensors"] = "a31eb1d5b03ea146dbf4504c87db85cf12a2d686492ba373e5e5242d1c5d3270",
        ["pg1-new-names/model.safetensors"] = "9e600f87358501be35abdcbf30c3772570274eef5c5f69012d90f813e4bca376",
    };

    private static readonly Dictionary<string, string> NoMetadata = [];

    /// <summary>The folder of a derived model; null if the repository holds the whole model.</summary>
    public static string? FolderOf(string name) => Folders.TryGetValue(name, out Lazy<string>? folder) ? folder.Value : null;

    private static string Make(string model, DType type, Func<string, IEnumerable<string>> namesOf, string[] tokenizer)
    {
        string source = Path.Combine(GoldenFiles.Models, "pg1"), small = Path.Combine(GoldenFiles.Models, model);
        string root = Directory.CreateTempSubdirectory("vlmsharp-golden-").FullName, folder = Path.Combine(root, model);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        Directory.CreateDirectory(folder);
        foreach (string path in Directory.GetFiles(small)) File.Copy(path, Path.Combine(folder, Path.GetFileName(path)));
        foreach (string name in tokenizer) File.Copy(Path.Combine(source, name), Path.Combine(folder, name));

        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(source, SafetensorsNames.Whole));
        Dictionary<string, string> shards = Shards(folder);
        IEnumerable<TensorToWrite> tensors =
            file.Entries.Values.SelectMany(tensor => namesOf(tensor.Name).Select(to => Write(to, file, tensor, type)));
        foreach (IGrouping<string, TensorToWrite> shard in tensors.GroupBy(
            tensor => shards.GetValueOrDefault(tensor.Name, SafetensorsNames.Whole)))
        {
            string path = Path.Combine(folder, shard.Key);
            SafetensorsWriter.Write(path, shard, NoMetadata);
            Assert.Equal(Hashes[$"{model}/{shard.Key}"], Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
        }

        return folder;
    }

    private static TensorToWrite Write(string name, SafetensorsFile file, SafetensorsEntry tensor, DType type)
    {
        // bf16
        float[] values =
        [
            .. MemoryMarshal.Cast<byte, ushort>(file.Bytes(tensor))
                .ToArray()
                .Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16))
        ];
        return TensorToWrite.FromFloats(name, type, tensor.Shape, values);
    }

    /// <summary>Which tensor lies in which file.</summary>
    private static Dictionary<string, string> Shards(string folder)
    {
        string index = Path.Combine(folder, SafetensorsNames.Index);
        if (!File.Exists(index)) return [];
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(index));
        return json.RootElement.GetProperty("weight_map")
            .EnumerateObject()
            .ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!);
    }

    private static IEnumerable<string> Same(string name) => [name];

    /// <summary>The names of transformers since 4.52, where the vocabulary head is a separate tensor.</summary>
    private static IEnumerable<string> NewNames(string name)
    {
        const string OldText = "language_model.model.", NewText = "model.language_model.";
        yield return name.StartsWith(OldText, StringComparison.Ordinal) ? NewText + name[OldText.Length..] : $"model.{name}";
        if (name == $"{OldText}embed_tokens.weight") yield return "lm_head.weight";
    }
}
