using System.Collections.Immutable;
using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Models;

namespace VlmSharp.Checkpoints;

/// <summary>Gives the tensors of some files their canonical names and compares them with the model's table.</summary>
internal static class TableComparison
{
    private const int Shown = 4;

    /// <summary>The tensors by canonical name, in the table's order: exactly those of the table, and the head if it is stored.</summary>
    /// <exception cref="ModelFormatException">One error that lists everything missing, unexpected or of a wrong shape.</exception>
    /// <param name="files">Open: the one weights file, or all shards.</param>
    /// <param name="config">Gives the tensors that there must be.</param>
    /// <param name="directory">Its folder, for messages.</param>
    /// <param name="ignoreUnexpected">Whether to ignore tensors that the model does not have.</param>
    public static OrderedDictionary<string, CheckpointTensor> Match(
        IReadOnlyList<SafetensorsFile> files, PaliGemmaConfig config, string directory, bool ignoreUnexpected)
    {
        // Some producers store tied matrices under the head's name only.
        bool headIsTable = config.TiesHead && !files.Any(
            file => file.Entries.Keys.Any(name => TensorNames.Normalize(name).StartsWith(TensorNames.Embedding, StringComparison.Ordinal)));
        var specs = TensorTable.For(config).Append(TensorTable.Head(config)).ToDictionary(spec => spec.Name, StringComparer.Ordinal);
        var found = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        var stored = new List<(TensorSpec Spec, StoredTensor Tensor)>();
        var scales = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        // What bitsandbytes stores beside a weight, by weight and suffix.
        var packed = new Dictionary<string, Dictionary<string, StoredTensor>>(StringComparer.Ordinal);
        List<string> unexpected = [], misshapen = [], mistyped = [], repeated = [], unscaled = [];
        foreach (SafetensorsFile file in files)
        {
            foreach (SafetensorsEntry entry in file.Entries.Values)
            {
                string name = TensorNames.Normalize(entry.Name);
                if (headIsTable && name.StartsWith(TensorNames.Head, StringComparison.Ordinal))
                    name = TensorNames.Embedding + name[TensorNames.Head.Length..];
                if (BitsAndBytes.UnreadWeight(name) is { } unread && (!ignoreUnexpected || specs.ContainsKey(unread)))
                    throw BitsAndBytes.Unread(entry.Name, file.Path);
                if (specs.TryGetValue(name, out TensorSpec? spec)) stored.Add((spec, new(file, entry)));
                else if (name.EndsWith(TensorNames.ScaleSuffix, StringComparison.Ordinal)
                    && specs.ContainsKey(name[..^TensorNames.ScaleSuffix.Length]))
                {
                    if (!scales.TryAdd(name[..^TensorNames.ScaleSuffix.Length], new(file, entry)))
                        repeated.Add(MessageText.Quote(entry.Name));
                }
                else if (BitsAndBytes.Split(name) is { } part && specs.ContainsKey(part.Weight))
                {
                    if (!packed.TryGetValue(part.Weight, out var parts)) packed.Add(part.Weight, parts = new(StringComparer.Ordinal));
                    if (!parts.TryAdd(part.Suffix, new(file, entry))) repeated.Add(MessageText.Quote(entry.Name));
                }
                else if (!TensorNames.IsDerivedBuffer(entry.Name)) unexpected.Add(MessageText.Quote(entry.Name));
            }
        }

        foreach ((TensorSpec spec, StoredTensor tensor) in stored) Add(tensor.File, tensor.Entry, spec);
        foreach ((string name, CheckpointTensor tensor) in found.Where(f => f.Value.DType.IsQuantized()).ToArray())
        {
            if (tensor.DType == DType.Nf4)
            {
                packed.Remove(name, out var parts); // it has some, or it would not be NF4
                found[name] = tensor with { Nf4 = new Nf4Scales(BitsAndBytes.Read(specs[name], parts!), specs[name].Elements) };
            }
            else if (scales.Remove(name, out var scale))
            {
                found[name] = tensor with { ScalesPointer = Scales(tensor, scale.File, scale.Entry) };
            }
            else
            {
                unscaled.Add(name);
            }
        }

        unexpected.AddRange(scales.Values.Concat(packed.Values.SelectMany(parts => parts.Values))
            .Select(part => MessageText.Quote(part.Entry.Name)));

        void Add(SafetensorsFile file, SafetensorsEntry entry, TensorSpec spec)
        {
            DType? dtype = packed.ContainsKey(spec.Name) && entry.Type == SafetensorsType.U8 ? DType.Nf4 : entry.Type.AsDType();
            if (dtype is null || (dtype.Value.IsQuantized() && (spec.Shape.Length != 2 || !dtype.Value.Fits(spec.Shape[1]))))
            {
                mistyped.Add($"{spec.Name} is {entry.Type.HeaderName()}");
                dtype = null;
            }

            bool isChannelsLast = dtype is not null && ChannelsLast.Is(spec, entry);
            // Two 4-bit numbers share a byte; bitsandbytes stores a matrix as a column of bytes.
            CheckShape(spec.Name, entry, dtype switch
            {
                DType.Int4 => [spec.Shape[0], spec.Shape[1] / 2],
                DType.Nf4 => [spec.Elements / 2, 1],
                _ => isChannelsLast ? entry.Shape : spec.Shape,
            });
            nint data = isChannelsLast ? ChannelsLast.Transpose(file, entry) : file.DataPointer(entry);
            var tensor = new CheckpointTensor(spec.Name, file, entry, dtype ?? default, spec.Shape, data);
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
        if (!ignoreUnexpected) Report("unexpected (--ignore-extra-tensors goes on without them)", unexpected);
        Report("of another shape", misshapen);
        Report(
            "of a type that they cannot have (F32, BF16, F16; matrices also I8 and U8, their scales BF16; "
            + "in NF4 with rows of an even length)",
            mistyped);
        Report("quantized and without their scales", unscaled);
        Report("stored twice", repeated);
        return faults.Count == 0
            ? new(specs.Keys.Where(found.ContainsKey).Select(name => KeyValuePair.Create(name, found[name])), StringComparer.Ordinal)
            : throw new ModelFormatException(
                $"The tensors in {directory} are not those that its config.json describes: {string.Join("; ", faults)}.");
    }
}
