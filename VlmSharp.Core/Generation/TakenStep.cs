namespace VlmSharp.Generation;

/// <summary>What a step has done whose tokens were taken.</summary>
/// <param name="PromptTokens">Tokens of the prompts that it has processed; 0 of a decode step.</param>
/// <param name="Vision">What encoder and projector took of its time, as far as that is known.</param>
/// <param name="Sequences">How many have shared it.</param>
/// <param name="Decoded">Sequences that took part without a prompt and had not ended before.</param>
internal readonly record struct TakenStep(int PromptTokens, TimeSpan Vision, int Sequences, int Decoded);
