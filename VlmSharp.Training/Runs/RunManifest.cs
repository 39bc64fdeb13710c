using System.Buffers;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using VlmSharp.Formats;

namespace VlmSharp.Training.Runs;

/// <summary>The file <c>manifest.json</c> of a checkpoint: its state, and the SHA-256 of every other file.</summary>
/// <param name="State">Where the run is.</param>
/// <param name="Files">Path in the folder, with /, and hash in hexadecimal digits.</param>
internal sealed record RunManifest(RunState State, IReadOnlyDictionary<string, string> Files)
{
    /// <summary>Its name.</summary>
    public const string FileName = "manifest.json";

    private const int Format = 1, MostBytes = 1 << 24;

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Its bytes.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteNumber("step", State.Step);
            Write(json, "settings", State.Settings);
            json.WriteString("data_fingerprint", State.DataFingerprint);
            json.WriteString("data_position", State.DataPosition);
            Write(json, "values", State.Values);
            Write(json, "sha256", Files);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();

        static void Write(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> map)
        {
            json.WriteStartObject(name);
            foreach (var (key, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal)) json.WriteString(key, value);
            json.WriteEndObject();
        }
    }

    /// <summary>Reads a checkpoint's.</summary>
    /// <exception cref="ModelFormatException">It is missing or damaged.</exception>
    public static RunManifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        var file = new FileInfo(path);
        if (!file.Exists) throw new ModelFormatException($"{path} is not there.");
        if (file.Length > MostBytes) throw new ModelFormatException($"{path} has {file.Length} bytes, past the limit of {MostBytes}.");
        return JsonSection.Read(File.ReadAllBytes(path), path, section =>
        {
            section.Integer("format", 0, Format, Format);
            var state = new RunState
            {
                Step = section.Integer("step", -1, 0, int.MaxValue),
                Settings = Map("settings"),
                DataFingerprint = section.Text("data_fingerprint") ?? throw section.Error("says nothing of its data"),
                DataPosition = section.Text("data_position") ?? throw section.Error("does not say where in its data it is"),
                Values = Map("values"),
            };
            return new RunManifest(state, Map("sha256"));

            Dictionary<string, string> Map(string name) =>
                new((section.Section(name) ?? throw section.Error($"has no {section.KeyPath(name)}")).TextMap(), StringComparer.Ordinal);
        });
    }

    /// <summary>The hashes of a folder's files, the manifest aside.</summary>
    public static Dictionary<string, string> HashFiles(string folder)
    {
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');
            if (name == FileName) continue;
            using FileStream stream = File.OpenRead(path);
            hashes[name] = Convert.ToHexStringLower(SHA256.HashData(stream));
        }

        return hashes;
    }

    /// <summary>Throws unless the folder holds exactly the files that the manifest names.</summary>
    /// <exception cref="ModelFormatException">One is missing, changed or too many.</exception>
    public void Verify(string folder)
    {
        Dictionary<string, string> found = HashFiles(folder);
        foreach (var (name, hash) in Files)
        {
            if (!found.TryGetValue(name, out string? actual)) throw new ModelFormatException($"{folder} lacks {MessageText.Quote(name)}.");
            if (actual != hash) throw new ModelFormatException($"{Path.Combine(folder, name)} is not what was written: its hash differs.");
        }

        if (found.Count > Files.Count) throw new ModelFormatException($"{folder} holds files that its manifest does not name.");
    }
}
