namespace VlmSharp.Generation;

/// <summary>
/// How long each stage of one of the engine's answers took. Requests share steps, and each one counts the whole time of the stages that it
/// waited for, so the times of several requests add up to more than the elapsed time.
/// </summary>
/// <param name="Waiting">Time until its first step began. It includes waiting for room in the KV caches, but not preparing the
/// request.</param>
/// <param name="Vision">
/// Encoder and projector, for the images of all prompts of its first step. Zero if all of them were in the cache, and on a backend that
/// queues its operators (<see cref="Compute.IComputeBackend.IsQueued"/>), where this time is part of <paramref name="Prefill"/>.
/// </param>
/// <param name="Prefill">Time from the start of its first step to its first token, without <paramref name="Vision"/>.</param>
/// <param name="Decode">Time from its first token to its last.</param>
/// <param name="CachedPictures">Number of its images that skipped the encoder because <see cref="ImageFeatureCache"/> had their image
/// tokens.</param>
/// <param name="LargestStep">The largest number of sequences in any of its steps, itself included.</param>
public readonly record struct AnswerTimings(
    TimeSpan Waiting, TimeSpan Vision, TimeSpan Prefill, TimeSpan Decode, int CachedPictures, int LargestStep);
