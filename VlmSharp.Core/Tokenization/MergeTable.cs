namespace VlmSharp.Tokenization;

/// <summary>
/// The merges of byte-pair encoding: for a pair of piece ids, the rank (lower ranks merge first) and the id of the merged piece. An
/// open-addressing hash table of 16-byte slots.
/// </summary>
internal sealed class MergeTable
{
    private readonly SeededHash hash = new();
    private Slot[] slots;

    /// <summary>Creates an empty table.</summary>
    /// <param name="expected">The number of merges to make room for; more may be added.</param>
    public MergeTable(int expected = 0)
    {
        int capacity = 1 << 10;
        while (capacity * 2L < expected * 3L) capacity *= 2;
        slots = new Slot[capacity];
    }

    /// <summary>The number of merges.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a merge. If the pair already has one, the first stays.</summary>
    public void Add(int left, int right, int rank, int merged)
    {
        ulong key = Key(left, right);
        ref Slot slot = ref slots[SlotOf(key)];
        if (slot.Key != 0) return;
        slot = new Slot(key, rank, merged);
        if (++Count * 3L > slots.Length * 2L) Grow();
    }

    /// <summary>Looks up a pair.</summary>
    /// <returns>False if the pair does not merge.</returns>
    public bool TryGet(int left, int right, out int rank, out int merged)
    {
        ref readonly Slot slot = ref slots[SlotOf(Key(left, right))];
        rank = slot.Rank;
        merged = slot.Merged;
        return slot.Key != 0;
    }

    private static ulong Key(int left, int right) => ((ulong)left << 32 | (uint)right) + 1; // 0 marks a free slot

    private int SlotOf(ulong key)
    {
        int mask = slots.Length - 1;
        int slot = (int)hash.Of(key) & mask;
        while (slots[slot].Key != 0 && slots[slot].Key != key) slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        Slot[] old = slots;
        slots = new Slot[old.Length * 2];
        foreach (Slot slot in old)
        {
            if (slot.Key != 0) slots[SlotOf(slot.Key)] = slot;
        }
    }

    private readonly record struct Slot(ulong Key, int Rank, int Merged);
}
