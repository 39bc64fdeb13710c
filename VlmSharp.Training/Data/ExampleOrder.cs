using VlmSharp.Compute.Sampling;

namespace VlmSharp.Training.Data;

/// <summary>
/// Which example is visited when, and which of its answers is taken: a function of seed and number of the visit alone, so that a stream
/// can begin anywhere. Random numbers are Philox's (<see cref="CounterRandom"/>), with the seed as key and as counter what is drawn for.
/// </summary>
/// <param name="count">Examples.</param>
/// <param name="seed">The seed.</param>
/// <param name="shuffle">Whether each epoch has an order of its own, or all have the file's.</param>
internal sealed class ExampleOrder(int count, long seed, bool shuffle)
{
    private const uint ForOrder = 1, ForAnswers = 2; // so that one thing's numbers are not another's

    private int[] order = [];
    private long orderOf = -1; // the epoch

    /// <summary>The example of a visit. Not for several threads.</summary>
    public int ExampleOf(long visit)
    {
        (long epoch, long place) = Math.DivRem(visit, count);
        if (!shuffle) return (int)place;
        if (epoch != orderOf) (order, orderOf) = (Permutation(count, seed, (uint)epoch, (uint)(epoch >> 32), ForOrder), epoch);
        return order[place];
    }

    /// <summary>
    /// Which of an example's answers is taken in an epoch. Each comes once before any comes again, as in big_vision's
    /// <c>choice_no_replacement</c>.
    /// </summary>
    /// <param name="epoch">How many times all examples were visited before.</param>
    /// <param name="example">The example.</param>
    /// <param name="answers">How many it has.</param>
    /// <param name="seed">The seed.</param>
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
