namespace VlmSharp.Cli.LoadTest;

/// <summary>One request of a load test; the same seed and index always give the same request.</summary>
/// <param name="Index">Its index, from 0.</param>
/// <param name="Prompt">The text of the user's message, after the picture.</param>
/// <param name="Picture">The picture; null to send only text.</param>
/// <param name="MaxTokens">Maximum number of answer tokens.</param>
/// <param name="IsCanceled">Whether the client cancels halfway.</param>
internal sealed record LoadRequest(long Index, string Prompt, LoadPicture? Picture, int MaxTokens, bool IsCanceled);
