namespace VlmSharp.Fuzz.Tests.Mutating;

/// <summary>A part of a file that has a name and a payload: a chunk, a segment, a field, an entry.</summary>
internal sealed record Part(string Name, byte[] Payload);

/// <summary>
/// Mutates files that are a sequence of parts: changes a payload, or duplicates, removes or exchanges parts, or takes parts from another
/// file. Lengths and checksums are corrected, so that the damage gets past them.
/// </summary>
internal abstract class PartMutator
{
    private const int MostParts = 5000;

    /// <summary>The parts of a file; null if it is not of the format.</summary>
    protected abstract List<Part>? Split(byte[] file);

    /// <summary>Makes a file of parts.</summary>
    protected abstract byte[] Join(List<Part> parts);

    /// <summary>A changed payload.</summary>
    protected virtual byte[] MutatePayload(Part part, Random random, byte[] other) => ByteMutator.Mutate(part.Payload, random, other);

    /// <summary>Mutates a file.</summary>
    /// <param name="file">The bytes; not changed.</param>
    /// <param name="random">Decides everything.</param>
    /// <param name="other">Another file of the format.</param>
    public byte[] Mutate(byte[] file, Random random, byte[] other)
    {
        if (Split(file) is not { Count: > 0 } parts) return ByteMutator.Mutate(file, random, other);
        List<Part> others = Split(other) is { Count: > 0 } found ? found : parts;
        for (int edits = random.Next(1, 4); edits > 0 && parts.Count > 0; edits--)
        {
            int at = random.Next(parts.Count), to = random.Next(parts.Count);
            Part stranger = others[random.Next(others.Count)];
            switch (random.Next(10))
            {
                case 0: parts.RemoveAt(at); break;
                case 1: parts.Insert(to, parts[at]); break;
                case 2: (parts[at], parts[to]) = (parts[to], parts[at]); break;
                case 3: parts.Insert(to, stranger); break;
                case 4: parts[at] = parts[at] with { Payload = stranger.Payload }; break;
                case 5 when random.Next(8) == 0 && parts[at].Payload.Length < 100:
                    parts.InsertRange(at, Enumerable.Repeat(parts[at], random.Next(MostParts)));
                    break;
                default: parts[at] = parts[at] with { Payload = MutatePayload(parts[at], random, stranger.Payload) }; break;
            }
        }

        return Join(parts);
    }
}
