namespace VlmSharp.Tokenization;

/// <summary>
/// The vocabulary as bytes: pieces by id, ids by piece. All spellings are in one array, and an open-addressing hash table finds them, so
/// loading 256,000 pieces does not create 256,000 strings.
/// </summary>
internal sealed class PieceTable
{
    private readonly SeededHash hash = new();
    private byte[] arena = new byte[1 << 16];
    private int arenaLength;
    private (int Start, int Length)[] pieces = new (int, int)[1 << 12];
    private ulong[] slots = new ulong[1 << 14]; // hash of the piece in the upper half, id + 1 in the lower; 0 is free
    private int used;

    /// <summary>One more than the largest id.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes of a piece; empty for an unused id.</summary>
    public ReadOnlySpan<byte> this[int id] => arena.AsSpan(pieces[id].Start, pieces[id].Length);

    /// <summary>Adds a piece.</summary>
    /// <returns>Null, or a description of the error, as the end of a sentence.</returns>
    public string? Add(int id, ReadOnlySpan<byte> piece)
    {
        if ((uint)id >= TokenizerLimits.Pieces) return $"has token id {id}, outside 0 to {TokenizerLimits.Pieces - 1}";
        if (piece.IsEmpty) return $"has an empty piece at id {id}";
        if (piece.Length > TokenizerLimits.PieceBytes)
            return $"has a piece of {piece.Length} bytes at id {id}; at most {TokenizerLimits.PieceBytes} are allowed";
        if (id < Count && pieces[id].Length > 0) return $"has two pieces at id {id}";
        uint pieceHash = hash.Of(piece);
        int slot = SlotOf(piece, pieceHash);
        if (slots[slot] != 0) return $"has the same piece at ids {(uint)slots[slot] - 1} and {id}";
        slots[slot] = (ulong)pieceHash << 32 | (uint)(id + 1);
        Store(id, piece);
        if (++used * 2 > slots.Length) Grow();
        return null;
    }

    /// <summary>The id of a piece, or -1.</summary>
    public int Find(ReadOnlySpan<byte> piece) => (int)(uint)slots[SlotOf(piece, hash.Of(piece))] - 1;

    private int SlotOf(ReadOnlySpan<byte> piece, uint pieceHash)
    {
        int mask = slots.Length - 1;
        for (int slot = (int)(pieceHash & (uint)mask); ; slot = (slot + 1) & mask)
        {
            ulong entry = slots[slot];
            if (entry == 0) return slot;
            if (entry >> 32 == pieceHash && this[(int)(uint)entry - 1].SequenceEqual(piece)) return slot;
        }
    }

    private void Store(int id, ReadOnlySpan<byte> piece)
    {
        while (id >= pieces.Length) Array.Resize(ref pieces, pieces.Length * 2);
        while (arenaLength + piece.Length > arena.Length) Array.Resize(ref arena, arena.Length * 2);
        piece.CopyTo(arena.AsSpan(arenaLength));
        pieces[id] = (arenaLength, piece.Length);
        arenaLength += piece.Length;
        Count = Math.Max(Count, id + 1);
    }

    private void Grow()
    {
        ulong[] old = slots;
        slots = new ulong[old.Length * 2];
        int mask = slots.Length - 1;
        foreach (ulong entry in old)
        {
            if (entry == 0) continue;
            int slot = (int)(entry >> 32) & mask;
            while (slots[slot] != 0) slot = (slot + 1) & mask;
            slots[slot] = entry;
        }
    }
}
