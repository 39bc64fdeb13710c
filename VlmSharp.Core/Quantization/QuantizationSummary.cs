namespace VlmSharp.Quantization;

/// <summary>How much of a model was quantized.</summary>
/// <param name="Quantized">Number of the decoder's matrices that were quantized, including the embedding table if it was.</param>
/// <param name="Matrices">Number of all matrices of the decoder. A matrix whose rows are not whole groups is not quantized.</param>
public readonly record struct QuantizationSummary(int Quantized, int Matrices);
