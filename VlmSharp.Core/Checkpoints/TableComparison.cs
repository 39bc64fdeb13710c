using System.Collections.Immutable;
using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Models;

namespace VlmSharp.Checkpoints;

/// <summary>Brings the tensors of some files to canonical names and compares them with the table of the model.</summary>
internal static class TableComparison
{
    private const int Shown = 4;

    /// <summary>The tensors under their canonical names and in the table's order, exactly those of the table and perhaps the head.</summary>
    /// <exception cref="ModelFormatException">One error that lists everything missing, unexpected or of a wrong shape.</exception>
    public static OrderedDictionary<string, CheckpointTensor> Match(
        IReadOnlyList<SafetensorsFile> files, PaliGemmaConfig config, string directory)
    {
        var specs = TensorTable.For(config).Append(TensorTable.Head(config)).ToDictionary(spec => spec.Name, StringComparer.Ordinal);
        var found = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        var scales = new Dictionary<string, (SafetensorsFile File, SafetensorsEntry Entry)>(StringComparer.Ordinal);
        List<string> unexpected = [], misshapen = [], mistyped = [], repeated = [], unscaled = [];
        foreach (SafetensorsFile file in files)
        {
            foreach (SafetensorsEntry entry in file.Entries.Values)
            {
                string name = TensorNames.Normalize(entry.Name);
                if (specs.TryGetValue(name, out TensorSpec? spec)) Add(file, entry, spec);
                else if (name.EndsWith(TensorNames.ScaleSuffix, StringComparison.Ordinal) && specs.ContainsKey(name[..^TensorNames.ScaleSuffix.Length]))
                {
                    if (!scales.TryAdd(name[..^TensorNames.ScaleSuffix.Length], (file, entry))) repeated.Add(MessageText.Quote(entry.Name));
                }
                else if (!TensorNames.IsDerivedBuffer(entry.Name)) unexpected.Add(MessageText.Quote(entry.Name));
            }
        }

        foreach ((string name, CheckpointTensor tensor) in found.Where(f => f.Value.DType.IsQuantized()).ToArray())
        {
            if (scales.Remove(name, out var scale)) found[name] = tensor with { ScalesPointer = Scales(tensor, scale.File, scale.Entry) };
            else unscaled.Add(name);
        }

        unexpected.AddRange(scales.Values.Select(scale => MessageText.Quote(scale.Entry.Name)));

        void Add(SafetensorsFile file, SafetensorsEntry entry, TensorSpec spec)
        {
            DType? dtype = entry.Type.AsDType();
            if (dtype is null || (dtype.Value.IsQuantized() && (spec.Shape.Length != 2 || !dtype.Value.Fits(spec.Shape[1]))))
            {
                mistyped.Add($"{spec.Name} is {entry.Type.HeaderName()}");
                dtype = null;
            }

            // Two 4-bit numbers share a byte.
            ImmutableArray<long> stored = dtype == DType.Int4 ? [spec.Shape[0], spec.Shape[1] / 2] : spec.Shape;
            CheckShape(spec.Name, entry, stored);
            var tensor = new CheckpointTensor(spec.Name, file, entry, dtype ?? default, spec.Shape);
            if (!found.TryAdd(spec.Name, tensor)) repeated.Add(MessageText.Quote(entry.Name));
        }

        nint Scales(CheckpointTensor tensor, SafetensorsFile file, SafetensorsEntry entry)
        {
            string name = tensor.Name + TensorNames.ScaleSuffix;
            if (entry.Type != SafetensorsType.BF16) mistyped.Add($"{name} is {entry.Type.HeaderName()}");
            CheckShape(name, entry, [tensor.Shape[0], tensor.DType.Groups(tensor.Shape[1])]);
            return file.DataPointer(entry);
        }

        void CheckShape(string name, SafetensorsEntry entry, ImmutableArray<long> shape)
        {
            if (!entry.Shape.AsSpan().SequenceEqual(shape.AsSpan()))
                misshapen.Add($"{name} is {MessageText.Shape(entry.Shape.Take(8))}, not {MessageText.Shape(shape)}");
        }

        bool headMayBeAbsent = config.TiesHead;
        string[] missing = [.. specs.Keys.Where(name => !found.ContainsKey(name) && !(headMayBeAbsent && name == TensorNames.Head))];
        List<string> faults = [];
        void Report(string fault, IReadOnlyList<string> names)
        {
            if (names.Count > 0) faults.Add($"{names.Count} {fault}: {MessageText.List(names, Shown)}");
        }
        Report("missing", missing);
        Report("unexpected", unexpected);
        Report("of another shape", misshapen);
        Report("of a type that they cannot have (F32, BF16, F16; matrices also I8 and U8, their scales BF16)", mistyped);
        Report("quantized and without their scales", unscaled);
        Report("stored twice", repeated);
        return faults.Count == 0
            ? new(specs.Keys.Where(found.ContainsKey).Select(name => KeyValuePair.Create(name, found[name])), StringComparer.Ordinal)
            : throw new ModelFormatException($"The tensors in {directory} are not those that its config.json describes: {string.Join("; ", faults)}.");
    }
}
