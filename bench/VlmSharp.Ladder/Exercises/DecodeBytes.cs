namespace VlmSharp.Ladder.Exercises;

/// <summary>
/// Solution of the exercise of <c>docs/tour.md</c>: the weights that one generated token reads, and the speed limit that follows.
/// </summary>
/// <param name="Layers">Blocks of the decoder.</param>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Heads">Heads of queries.</param>
/// <param name="KvHeads">Heads of keys and values.</param>
/// <param name="HeadDim">Features of a head.</param>
/// <param name="Intermediate">Width inside of the feed-forward layer.</param>
/// <param name="Vocabulary">Rows of the head, which is the embedding table.</param>
public sealed record DecodeBytes(int Layers, int Hidden, int Heads, int KvHeads, int HeadDim, int Intermediate, int Vocabulary)
{
    /// <summary>Elements of all matrices that a token passes. Norms are thousands of numbers beside billions, and are left out.</summary>
    public long Weights
    {
        get
        {
            long queriesAndOutput = 2L * Heads * HeadDim * Hidden, keysAndValues = 2L * KvHeads * HeadDim * Hidden;
            long feedForward = 3L * Intermediate * Hidden; // gate, up, down
            return Layers * (queriesAndOutput + keysAndValues + feedForward) + (long)Vocabulary * Hidden;
        }
    }

    /// <summary>The most tokens a second for one sequence, however fast the arithmetic is.</summary>
    /// <param name="bitsPerWeight">16 for bf16.</param>
    /// <param name="bytesPerSecond">Of reading memory.</param>
    public double MostTokensPerSecond(double bitsPerWeight, double bytesPerSecond) => bytesPerSecond / (Weights * bitsPerWeight / 8);
}
