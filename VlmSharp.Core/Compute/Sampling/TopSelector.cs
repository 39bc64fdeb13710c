namespace VlmSharp.Compute.Sampling;

/// <summary>
/// Finds the n largest of V scores with a heap of size n in O(V log n), without sorting all scores. Of equal scores it takes the lowest
/// ids.
/// </summary>
/// <param name="n">The number of scores to find, at least 1.</param>
internal sealed class TopSelector(int n)
{
    private readonly float[] values = new float[n];
    private readonly int[] ids = new int[n];
    private bool isOrdered; // otherwise a heap, whose root is the smallest

    /// <summary>n, the most scores that can be found.</summary>
    public int Capacity => n;

    /// <summary>The number of scores found: n, or fewer if fewer scores are above -infinity.</summary>
    public int Count { get; private set; }

    /// <summary>The smallest score found; -infinity if fewer than n were found.</summary>
    public float Smallest => Count < n ? float.NegativeInfinity : values[isOrdered ? n - 1 : 0];

    /// <summary>The ids found; after <see cref="Order"/> in descending order of scores.</summary>
    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Count);

    /// <summary>Their scores.</summary>
    public ReadOnlySpan<float> Values => values.AsSpan(0, Count);

    /// <summary>Searches all scores. The results are in no particular order.</summary>
    /// <param name="scores">[V]; -infinity and NaN are skipped.</param>
    public void Select(ReadOnlySpan<float> scores)
    {
        Count = 0;
        isOrdered = false;
        for (int id = 0; id < scores.Length; id++)
        {
            float score = scores[id];
            if (Count == n)
            {
                if (!(score > values[0])) continue; // of equal scores the lower id stays
                (values[0], ids[0]) = (score, id);
                SiftDown(0, n);
            }
            else if (score > float.NegativeInfinity)
            {
                (values[Count], ids[Count]) = (score, id);
                SiftUp(Count++);
            }
        }
    }

    /// <summary>Sorts the results: the largest score first, and of equal scores the lowest id first.</summary>
    public void Order()
    {
        if (isOrdered) return;
        isOrdered = true;
        for (int end = Count - 1; end > 0; end--)
        {
            Swap(0, end);
            SiftDown(0, end);
        }
    }

    private void SiftUp(int i)
    {
        for (int parent = (i - 1) / 2; i > 0 && Worse(i, parent); parent = (i - 1) / 2)
        {
            Swap(i, parent);
            i = parent;
        }
    }

    private void SiftDown(int i, int count)
    {
        for (int child = 2 * i + 1; child < count; child = 2 * i + 1)
        {
            if (child + 1 < count && Worse(child + 1, child)) child++;
            if (!Worse(child, i)) return;
            Swap(i, child);
            i = child;
        }
    }

    /// <summary>The order of the heap: its root is the next element to be replaced.</summary>
    private bool Worse(int a, int b) => values[a] < values[b] || (values[a] == values[b] && ids[a] > ids[b]);

    private void Swap(int a, int b)
    {
        (values[a], values[b]) = (values[b], values[a]);
        (ids[a], ids[b]) = (ids[b], ids[a]);
    }
}
