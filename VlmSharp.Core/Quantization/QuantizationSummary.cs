namespace VlmSharp.Quantization;

/// <summary>What was quantized of a model.</summary>
/// <param name="Quantized">Matrices of the decoder that were quantized, the embedding table included where it was.</param>
/// <param name="Matrices">All matrices of the decoder. One whose rows are not whole groups stays as it is.</param>
public readonly record struct QuantizationSummary(int Quantized, int Matrices);
