using VlmSharp.Generation;

namespace VlmSharp.Cli.Measurement;

/// <summary>One run of <c>vlmsharp bench</c>.</summary>
/// <param name="Timings">Of all requests together.</param>
/// <param name="Pictures">Pictures that the encoder saw: equal ones that are prefilled together count once.</param>
/// <param name="PromptLimits">The limits around vision and prefill, where the backend's can be measured.</param>
/// <param name="DecodeLimits">The limits around decode.</param>
internal readonly record struct BenchRun(GenerationTimings Timings, long Pictures, Limits? PromptLimits, Limits? DecodeLimits)
{
    /// <summary>Runs the requests once.</summary>
    /// <param name="network">The model.</param>
    /// <param name="requests">What is asked for, together.</param>
    /// <param name="options">How many tokens.</param>
    /// <param name="limits">What measures the limits around the stages, or null.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    public static BenchRun Measure(
        VisionLanguageModel network, GenerationRequest[] requests, GenerationOptions options, ILimits? limits, CancellationToken cancellation)
    {
        long seen = network.ImageFeatures.Misses;
        using GenerationSession session = network.Start(requests, options);
        Limits? before = limits?.Measure();
        for (int begun = 0; begun < session.Count;) begun += Step(); // vision and prefill, up to each request's first token
        Limits? between = limits?.Measure();
        while (!session.IsFinished) Step();
        Limits? after = limits?.Measure();
        return new BenchRun(session.Timings, network.ImageFeatures.Misses - seen, Best(before, between), Best(between, after));

        int Step()
        {
            cancellation.ThrowIfCancellationRequested();
            return session.Step().Length;
        }
    }

    private static Limits? Best(Limits? before, Limits? after) => before is { } b && after is { } a ? b.Best(a) : null;
}
