namespace VlmSharp.Compute.Sampling;

/// <summary>Finds the n largest of many scores, of equal ones those with the lowest ids, with a heap of n: O(V log n), no sorting of V.</summary>
/// <param name="n">How many, at least 1.</param>
internal sealed class TopSelector(int n)
{
    private readonly float[] values = new float[n];
    private readonly int[] ids = new int[n];

    /// <summary>n.</summary>
    public int Capacity => n;

    /// <summary>How many were found: n, or fewer where fewer scores are above -infinity.</summary>
    public int Count { get; private set; }

    /// <summary>The smallest score found; -infinity if fewer than n were.</summary>
    public float Smallest => Count < n ? float.NegativeInfinity : values[0];

    /// <summary>The ids found; after <see cref="Order"/> the largest score's first.</summary>
    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Count);

    /// <summary>Their scores.</summary>
    public ReadOnlySpan<float> Values => values.AsSpan(0, Count);

    /// <summary>Looks through all scores. What is found stands in no particular order.</summary>
    /// <param name="scores">[V]; -infinity and NaN are passed over.</param>
    public void Select(ReadOnlySpan<float> scores)
    {
        Count = 0;
        for (int id = 0; id < scores.Length; id++)
        {
            float score = scores[id];
            if (Count == n)
            {
                if (!(score > values[0])) continue; // an equal one with a higher id loses
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

    /// <summary>Puts what was found in order, the largest score first, of equal ones the lowest id.</summary>
    public void Order()
    {
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

    /// <summary>The order of the heap: its root is the one to lose next.</summary>
    private bool Worse(int a, int b) => values[a] < values[b] || (values[a] == values[b] && ids[a] > ids[b]);

    private void Swap(int a, int b)
    {
        (values[a], values[b]) = (values[b], values[a]);
        (ids[a], ids[b]) = (ids[b], ids[a]);
    }
}
