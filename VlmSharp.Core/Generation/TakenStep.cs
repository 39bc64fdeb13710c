namespace VlmSharp.Generation;

/// <summary>What a step did whose tokens were taken.</summary>
/// <param name="PromptTokens">Number of tokens in the prompts that it processed; 0 for a decode step.</param>
/// <param name="Vision">The time of encoder and projector, as far as it is known.</param>
/// <param name="Sequences">Number of sequences that shared it.</param>
/// <param name="Decoded">Number of sequences that took part without a prompt and had not ended before.</param>
internal readonly record struct TakenStep(int PromptTokens, TimeSpan Vision, int Sequences, int Decoded);
