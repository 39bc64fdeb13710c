namespace VlmSharp.Training.Loop;

/// <summary>
/// Endless batches in an order given by a seed. It may prepare some ahead; its position is that of the last batch returned.
/// </summary>
/// <typeparam name="TBatch">Encoded examples.</typeparam>
public interface IBatchSource<out TBatch>
{
    /// <summary>Which data it is: a hash of it.</summary>
    string Fingerprint { get; }

    /// <summary>The position of the batch that <see cref="Next"/> returns next, as a text for <see cref="Seek"/>.</summary>
    string Position { get; }

    /// <summary>The next batch.</summary>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <returns>The batch.</returns>
    TBatch Next(CancellationToken cancellationToken);

    /// <summary>Goes to a position of the same data, in this process or an earlier one.</summary>
    /// <param name="position">From <see cref="Position"/>.</param>
    /// <exception cref="RequestException">It is none of this data.</exception>
    void Seek(string position);
}
