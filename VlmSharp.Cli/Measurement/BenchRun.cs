using System.Diagnostics;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Generation;

namespace VlmSharp.Cli.Measurement;

/// <summary>One run of <c>vlmsharp bench</c>.</summary>
/// <param name="Timings">Timings of all requests together.</param>
/// <param name="Pictures">Number of encoded pictures: equal pictures that are prefilled together count once.</param>
/// <param name="PromptLimits">The limits around vision and prefill, if they can be measured.</param>
/// <param name="DecodeLimits">The limits around decode.</param>
internal readonly record struct BenchRun(GenerationTimings Timings, long Pictures, Limits? PromptLimits, Limits? DecodeLimits)
{
    /// <summary>Runs the requests once.</summary>
    /// <param name="network">Owned by the caller; pictures whose features it still has are not encoded again.</param>
    /// <param name="requests">The requests, which run together.</param>
    /// <param name="options">The number of tokens.</param>
    /// <param name="limits">Measures the limits around the stages, or null.</param>
    /// <param name="cancellation">Ends the run between two steps.</param>
    public static BenchRun Measure(
        VisionLanguageModel network,
        GenerationRequest[] requests,
        GenerationOptions options,
        ILimits? limits,
        CancellationToken cancellation)
    {
        if (network.Backend.IsQueued) return MeasureQueued(network, requests, options, limits, cancellation);
        long seen = network.ImageFeatures.Misses;
        using GenerationSession session = network.Start(requests, options);
        Limits? before = limits?.Measure();
        // Vision and prefill, up to each request's first token.
        for (int begun = 0; begun < session.Count;) begun += Step(session, cancellation);
        Limits? between = limits?.Measure();
        while (!session.IsFinished) Step(session, cancellation);
        Limits? after = limits?.Measure();
        return new BenchRun(session.Timings, network.ImageFeatures.Misses - seen, Best(before, between), Best(between, after));
    }

    /// <summary>
    /// The same on a backend that queues its operators. There a session waits only for tokens, so the encoder is timed separately, and the
    /// session finds the pictures in the cache of an earlier run. No limits are measured while a step is queued.
    /// </summary>
    private static BenchRun MeasureQueued(
        VisionLanguageModel network,
        GenerationRequest[] requests,
        GenerationOptions options,
        ILimits? limits,
        CancellationToken cancellation)
    {
        Limits? before = limits?.Measure();
        TimeSpan vision = Encode(network, requests[0]);
        using GenerationSession session = network.Start(requests, options);
        while (!session.IsFinished) Step(session, cancellation);
        Limits? around = Best(before, limits?.Measure());
        return new BenchRun(session.Timings with { Vision = vision }, requests[0].Images.Count, around, around);
    }

    /// <summary>Time of encoder and projector, until the last number is computed.</summary>
    private static TimeSpan Encode(VisionLanguageModel network, GenerationRequest request)
    {
        IComputeBackend b = network.Backend;
        float[] pixels = [.. request.Images.SelectMany(network.Preprocessor.Process)]; // [n, 3 * S * S]
        int count = request.Images.Count;
        if (count == 0) return default;
        using Indices row = b.Upload([0]);
        long start = Stopwatch.GetTimestamp();
        using Matrix planes = b.Upload(pixels, count, pixels.Length / count);
        using Matrix encoded = network.Network.EncodeImages(
            planes, adapter: network.Adapters.FirstOrDefault(a => a.Name == network.DefaultAdapter)); // [n * N, h]
        using Matrix one = b.SelectRows(encoded, row); // [1, h]
        b.Download(one, new float[one.Length]);
        return Stopwatch.GetElapsedTime(start);
    }

    private static int Step(GenerationSession session, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return session.Step().Length;
    }

    private static Limits? Best(Limits? before, Limits? after) => before is { } b && after is { } a ? b.Best(a) : null;
}
