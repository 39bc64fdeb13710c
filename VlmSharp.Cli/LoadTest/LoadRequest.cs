namespace VlmSharp.Cli.LoadTest;

/// <summary>One request of a load test; the same seed and index always give the same one.</summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Prompt">What is asked.</param>
/// <param name="Picture">About what; null sends the text alone.</param>
/// <param name="MaxTokens">Tokens of the answer, at the most.</param>
/// <param name="IsCanceled">Whether the client goes away half way.</param>
internal sealed record LoadRequest(long Index, string Prompt, LoadPicture? Picture, int MaxTokens, bool IsCanceled);
