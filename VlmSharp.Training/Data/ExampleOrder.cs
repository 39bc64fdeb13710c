using VlmSharp.Compute.Sampling;

namespace VlmSharp.Training.Data;

/// <summary>
/// Chooses the example of each visit and which of its answers is used. The choice depends only on the seed and the number of the visit, so
/// a stream can begin anywhere. Random numbers come from Philox (<see cref="CounterRandom"/>): the seed is the key, and the counter says
/// what is drawn.
/// </summary>
/// <param name="count">How many examples there are.</param>
/// <param name="seed">Two orders with one seed are equal.</param>
/// <param name="shuffle">Whether each epoch has its own order; otherwise all use the file's order.</param>
internal sealed class ExampleOrder(int count, long seed, bool shuffle)
{
    private const uint ForOrder = 1, ForAnswers = 2; // so that one thing's numbers are not another's

    private int[] order = [];
    private long orderOf = -1; // the epoch

    /// <summary>The example of a visit. Not thread-safe.</summary>
    public int ExampleOf(long visit)
    {
        (long epoch, long place) = Math.DivRem(visit, count);
        if (!shuffle) return (int)place;
        if (epoch != orderOf) (order, orderOf) = (Permutation(count, seed, (uint)epoch, (uint)(epoch >> 32), ForOrder), epoch);
        return order[place];
    }

    /// <summary>
    /// The answer of an example that is used in an epoch. Each answer comes once before any is repeated, as in big_vision's
    /// <c>choice_no_replacement</c>.
    /// </summary>
    /// <param name="epoch">The number of completed passes over all examples.</param>
    /// <param name="example">Its place in the data, from 0.</param>
    /// <param name="answers">The number of its answers.</param>
    /// <param name="seed">The seed of the order.</param>
    public static int AnswerOf(long epoch, int example, int answers, long seed)
    {
        if (answers == 1) return 0;
        (long round, long place) = Math.DivRem(epoch, answers);
        return Permutation(answers, seed, (uint)example, (uint)round, ForAnswers)[place];
    }

    /// <summary>The Fisher-Yates shuffle of 0, 1, ..., n - 1.</summary>
    private static int[] Permutation(int n, long seed, uint what, uint which, uint purpose)
    {
        int[] permutation = [.. Enumerable.Range(0, n)];
        for (int i = n - 1; i > 0; i--)
        {
            (uint a, uint b, _, _) = CounterRandom.Philox((uint)i, what, which, purpose, (uint)seed, (uint)(seed >> 32));
            int j = (int)Math.BigMul(((ulong)a << 32) | b, (ulong)(i + 1), out _); // floor of u (i + 1), u in [0, 1) with 64 bits
            (permutation[i], permutation[j]) = (permutation[j], permutation[i]);
        }

        return permutation;
    }
}
