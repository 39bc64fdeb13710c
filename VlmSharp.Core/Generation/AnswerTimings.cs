namespace VlmSharp.Generation;

/// <summary>
/// Where the time of one answer of the engine went. Steps are shared: a request counts the whole time of a stage that it waited for, so
/// that those of several requests add up to more than the clock shows.
/// </summary>
/// <param name="Waiting">Until its first step began: preparing it is not in it, room in the KV caches is.</param>
/// <param name="Vision">
/// Encoder and projector, for the pictures of all prompts of its first step. Zero where all were in the cache, and on a backend that queues
/// its operators (<see cref="Compute.IComputeBackend.IsQueued"/>), where this is part of <paramref name="Prefill"/>.
/// </param>
/// <param name="Prefill">From its first step's begin to its first token, without <paramref name="Vision"/>.</param>
/// <param name="Decode">From its first token to its last.</param>
/// <param name="CachedPictures">How many of its pictures did not need the encoder, because <see cref="ImageFeatureCache"/> had their image
/// tokens.</param>
/// <param name="LargestStep">The most sequences that shared a step with it, itself included.</param>
public readonly record struct AnswerTimings(
    TimeSpan Waiting, TimeSpan Vision, TimeSpan Prefill, TimeSpan Decode, int CachedPictures, int LargestStep);
