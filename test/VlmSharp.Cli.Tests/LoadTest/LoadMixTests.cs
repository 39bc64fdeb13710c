using VlmSharp.Cli.LoadTest;
using VlmSharp.Compute.Sampling;

namespace VlmSharp.Cli.Tests.LoadTest;

/// <summary>The seed determines the requests and their times, which have the right distribution.</summary>
public sealed class LoadMixTests
{
    internal static string Sample(string name) => Path.Combine(AppContext.BaseDirectory, "demo", "samples", name);

    private static LoadMix Mix(long seed = 1, double cancelShare = 0) =>
        new(
            [new LoadPrompt("a"), new LoadPrompt("b"), new LoadPrompt("c", MaxTokens: 5)],
            [Sample("cake.png"), Sample("sun.png")],
            [16, 64],
            cancelShare,
            seed);

    [Fact]
    public void Arrivals_depend_only_on_the_seed()
    {
        double[] times = [.. Mix(seed: 42).Arrivals(2).Take(100)];
        Assert.Equal(times, Mix(seed: 42).Arrivals(2).Take(100));
        Assert.NotEqual(times, Mix(seed: 43).Arrivals(2).Take(100));
        Assert.Equal(-Math.Log(1 - CounterRandom.Uniform(42, 0)) / 2, times[0]);
        // the same rhythm, faster
        Assert.Equal(times.Select(t => t / 10), Mix(seed: 42).Arrivals(20).Take(100), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void Gaps_are_exponential_and_independent()
    {
        const int Count = 40_000;
        const double Rate = 5;
        double[] times = [.. Mix().Arrivals(Rate).Take(Count)];
        double[] gaps = [.. times.Select((t, i) => (i == 0 ? t : t - times[i - 1]) * Rate)]; // of mean and standard deviation 1
        Assert.All(gaps, gap => Assert.True(gap >= 0));
        Assert.Equal(1, gaps.Average(), 5 / Math.Sqrt(Count)); // five standard errors, as below
        Assert.Equal(2, gaps.Average(g => g * g), 5 * Math.Sqrt(20.0 / Count)); // E g^4 - (E g^2)^2 = 24 - 4
        foreach (double beyond in new[] { 0.1, 1, 3 })
        {
            double share = Math.Exp(-beyond);
            Assert.Equal(share, (double)gaps.Count(g => g > beyond) / Count, 5 * Math.Sqrt(share * (1 - share) / Count));
        }

        double next = gaps.Zip(gaps.Skip(1), (a, b) => (a - 1) * (b - 1)).Average();
        Assert.Equal(0, next, 5 / Math.Sqrt(Count));
        // In a Poisson process the variance of the count of a second equals its mean.
        int[] counts = [.. times.GroupBy(t => (int)t).Select(g => g.Count())];
        double empty = Math.Floor(times[^1]) - counts.Length; // seconds without requests
        double mean = Count / times[^1], variance = (counts.Sum(c => (c - mean) * (c - mean)) + empty * mean * mean) / times[^1];
        Assert.InRange(variance / mean, 0.85, 1.15);
    }

    [Fact]
    public void Requests_depend_only_on_the_seed_and_are_mixed()
    {
        LoadMix mix = Mix(cancelShare: 0.2);
        LoadRequest[] drawn = [.. Enumerable.Range(0, 6000).Select(i => mix.Request(i))];
        LoadMix same = Mix(cancelShare: 0.2);
        Assert.All(drawn.Where((_, i) => i % 100 == 0), r =>
            Assert.Equal((r.Prompt, r.Picture!.Path, r.MaxTokens, r.IsCanceled), Key(same.Request(r.Index))));
        foreach (string prompt in new[] { "a", "b", "c" }) Assert.InRange(drawn.Count(r => r.Prompt == prompt), 1820, 2180);
        foreach (string picture in new[] { "cake.png", "sun.png" })
            Assert.InRange(drawn.Count(r => r.Picture!.Path == Sample(picture)), 2800, 3200);
        Assert.InRange(drawn.Count(r => r.IsCanceled), 1050, 1350);
        Assert.All(drawn.Where(r => r.Prompt == "c"), r => Assert.Equal(5, r.MaxTokens));
        Assert.InRange(drawn.Count(r => r.MaxTokens == 16), 1820, 2180);
        // Draws are independent: each picture comes with half of the requests that ask "a".
        Assert.InRange(drawn.Count(r => r.Prompt == "a" && r.Picture!.Path == Sample("sun.png")), 850, 1150);

        static (string, string, int, bool) Key(LoadRequest r) => (r.Prompt, r.Picture!.Path, r.MaxTokens, r.IsCanceled);
    }

    [Theory]
    [InlineData("{\"prompt\": \"x\"}\n\n{\"prompt\": \"y\", \"image\": \"p.png\", \"max_tokens\": 3}\n")]
    [InlineData("[{\"prompt\": \"x\", \"text\": \"passed over\"},\n{\"prompt\": \"y\", \"image\": \"p.png\", \"max_tokens\": 3}]")]
    public void Prompts_are_lines_or_an_array(string text)
    {
        string file = Write(text);
        try
        {
            Assert.Equal(
                [new LoadPrompt("x"), new LoadPrompt("y", Path.Combine(Path.GetDirectoryName(file)!, "p.png"), 3)],
                LoadPrompt.ReadFile(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("", "has no prompts")]
    [InlineData("{\"prompt\": 1}", "prompt 1")]
    [InlineData("{\"prompt\": \"x\"}\n{\"prompt\": \"y\"", "prompt 2")]
    [InlineData("{\"prompt\": \"x\", \"max_tokens\": 0}", "at least 1")]
    [InlineData("{\"prompt\": \"x\", \"max_tokens\": 1.5}", "prompt 1")]
    [InlineData("{\"prompt\": \"x\", \"image\": 3}", "prompt 1")]
    public void A_file_of_prompts_says_what_is_wrong(string text, string part)
    {
        string file = Write(text);
        try
        {
            Assert.Contains(part, Assert.ThrowsAny<IOException>(() => LoadPrompt.ReadFile(file)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Write(string text)
    {
        string file = Path.Combine(Path.GetTempPath(), $"vlmsharp-{Guid.NewGuid():N}.jsonl");
        File.WriteAllText(file, text);
        return file;
    }
}
