using VlmSharp.Models;

namespace VlmSharp.Checkpoints;

/// <summary>Brings the tensors of some files to canonical names and compares them with the table of the model.</summary>
internal static class TableComparison
{
    private const int Shown = 4;

    /// <summary>The tensors under their canonical names, exactly those of the table and perhaps the head.</summary>
    /// <exception cref="ModelFormatException">One error that lists everything missing, unexpected or of a wrong shape.</exception>
    public static Dictionary<string, CheckpointTensor> Match(
        IReadOnlyList<SafetensorsFile> files, PaliGemmaConfig config, string directory)
    {
        var specs = TensorTable.For(config).Append(TensorTable.Head(config)).ToDictionary(spec => spec.Name, StringComparer.Ordinal);
        var found = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        List<string> unexpected = [], misshapen = [], mistyped = [], repeated = [];
        foreach (SafetensorsFile file in files)
        {
            foreach (SafetensorsEntry entry in file.Entries.Values)
            {
                string name = TensorNames.Normalize(entry.Name);
                if (!specs.TryGetValue(name, out TensorSpec? spec))
                {
                    if (!TensorNames.IsDerivedBuffer(entry.Name)) unexpected.Add(MessageText.Quote(entry.Name));
                    continue;
                }
                if (!entry.Shape.AsSpan().SequenceEqual(spec.Shape.AsSpan()))
                    misshapen.Add($"{name} is {MessageText.Shape(entry.Shape.Take(8))}, not {MessageText.Shape(spec.Shape)}");
                if (entry.Type.AsDType() is not { } dtype)
                {
                    mistyped.Add($"{name} is {entry.Type.HeaderName()}");
                    dtype = default;
                }
                var tensor = new CheckpointTensor(name, entry.Name, dtype, entry.Shape, file.DataPointer(entry), entry.ByteLength, file);
                if (!found.TryAdd(name, tensor)) repeated.Add(MessageText.Quote(entry.Name));
            }
        }

        bool headMayBeAbsent = config.TiesHead;
        string[] missing = [.. specs.Keys.Where(name => !found.ContainsKey(name) && !(headMayBeAbsent && name == TensorNames.Head))];
        List<string> faults = [];
        void Add(string fault, IReadOnlyList<string> names)
        {
            if (names.Count > 0) faults.Add($"{names.Count} {fault}: {MessageText.List(names, Shown)}");
        }
        Add("missing", missing);
        Add("unexpected", unexpected);
        Add("of another shape", misshapen);
        Add("of a type that weights do not have (F32, BF16 or F16)", mistyped);
        Add("stored twice", repeated);
        return faults.Count == 0
            ? found
            : throw new ModelFormatException($"The tensors in {directory} are not those that its config.json describes: {string.Join("; ", faults)}.");
    }
}
