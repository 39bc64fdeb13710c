using VlmSharp.Compute.Sampling;

namespace VlmSharp.Cli.LoadTest;

/// <summary>
/// The requests and their times. Every random number is a function of the seed and the request's index (<see cref="CounterRandom"/>), so a
/// run can be repeated, each stage of a sweep sends the same requests, and any single request can be repeated alone.
/// </summary>
internal sealed class LoadMix
{
    /// <summary>The random numbers of a request; each is a position in the request's part of the stream.</summary>
    private enum Draw
    {
        Gap, Prompt, Picture, MaxTokens, Cancel, Count,
    }

    private const long MostBytes = 1L << 30;

    private readonly IReadOnlyList<LoadPrompt> prompts;
    private readonly IReadOnlyList<LoadPicture>? shared;
    private readonly Dictionary<string, LoadPicture> own = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<int> maxTokens;
    private readonly double cancelShare;
    private readonly long seed;

    /// <summary>Reads the pictures.</summary>
    /// <param name="prompts">At least one; all are equally likely.</param>
    /// <param name="pictures">Files for prompts without a picture of their own; null to send only text.</param>
    /// <param name="maxTokens">Maximum answer lengths for prompts without their own.</param>
    /// <param name="cancelShare">The share of requests that are canceled halfway, 0 to 1.</param>
    /// <param name="seed">Seed of all random numbers.</param>
    /// <exception cref="IOException">A picture cannot be read, or all pictures together are too large.</exception>
    public LoadMix(
        IReadOnlyList<LoadPrompt> prompts,
        IEnumerable<string>? pictures,
        IReadOnlyList<int> maxTokens,
        double cancelShare,
        long seed)
    {
        (this.prompts, this.maxTokens, this.cancelShare, this.seed) = (prompts, maxTokens, cancelShare, seed);
        long bytes = 0;
        if (pictures is null) return;
        shared = [.. pictures.Select(Read)];
        foreach (string path in prompts.Select(p => p.Picture).OfType<string>().Distinct()) own[path] = Read(path);
        if (shared.Count == 0 && prompts.Any(p => p.Picture is null))
            throw new IOException("There is no picture: give --image FILE or a folder.");

        LoadPicture Read(string path)
        {
            LoadPicture picture = LoadPicture.Read(path);
            bytes += picture.DataUri.Length;
            return bytes <= MostBytes
                ? picture
                : throw new IOException($"The pictures have more than {MostBytes} bytes in all: give fewer or smaller ones.");
        }
    }

    /// <summary>A request.</summary>
    /// <param name="index">Its index, from 0.</param>
    public LoadRequest Request(long index)
    {
        LoadPrompt prompt = prompts[Choose(index, Draw.Prompt, prompts.Count)];
        LoadPicture? picture = shared is null ? null
            : prompt.Picture is { } path ? own[path]
            : shared[Choose(index, Draw.Picture, shared.Count)];
        int tokens = prompt.MaxTokens ?? maxTokens[Choose(index, Draw.MaxTokens, maxTokens.Count)];
        return new LoadRequest(index, prompt.Text, picture, tokens, Uniform(index, Draw.Cancel) < cancelShare);
    }

    /// <summary>
    /// Arrival times of requests at a given rate: a Poisson process, whose gaps are independent and exponential, <c>-ln(1 - u) / rate</c>.
    /// Unlike evenly spaced requests, they arrive in bursts, like requests of independent users.
    /// </summary>
    /// <param name="rate">Requests per second.</param>
    /// <returns>Seconds from the start, ascending, without end.</returns>
    public IEnumerable<double> Arrivals(double rate)
    {
        double time = 0;
        for (long i = 0; ; i++)
        {
            time -= Math.Log(1 - Uniform(i, Draw.Gap)) / rate; // 1 - u is never 0
            yield return time;
        }
    }

    private int Choose(long index, Draw draw, int count) => (int)(Uniform(index, draw) * count);

    private double Uniform(long index, Draw draw) => CounterRandom.Uniform(seed, index * (int)Draw.Count + (int)draw);
}
