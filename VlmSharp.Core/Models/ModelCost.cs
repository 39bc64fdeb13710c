namespace VlmSharp.Models;

/// <summary>
/// The least number of floating-point operations of a forward pass, where a multiply and an add count as two. Divided by the machine's peak
/// rate, it gives the lower bound that measured times are compared with.
/// </summary>
/// <param name="config">Gives the number and sizes of the layers.</param>
public sealed class ModelCost(PaliGemmaConfig config)
{
    /// <summary>Flops to encode one picture: patch embedding, encoder layers, projector.</summary>
    /// <returns>About 2.2e11 for the published encoder at 224 px.</returns>
    public double VisionFlops()
    {
        VisionConfig v = config.Vision;
        double n = v.Patches, d = v.HiddenSize;
        double attention = 4 * Product(n, d, d) + 2 * Product(n, n, d);
        double mlp = 2 * Product(n, d, v.IntermediateSize);
        return Product(n, 3.0 * v.PatchSize * v.PatchSize, d) + v.Layers * (attention + mlp) + Product(n, d, config.Text.HiddenSize);
    }

    /// <summary>Flops to prefill one prompt: every decoder layer on all tokens, the head on the last.</summary>
    /// <param name="tokens">Prompt tokens, pictures included.</param>
    /// <returns>Floating-point operations; a multiply and an add count as two.</returns>
    public double PrefillFlops(int tokens)
    {
        TextConfig t = config.Text;
        double h = t.HiddenSize, q = (double)t.Heads * t.HeadDim, kv = (double)t.KvHeads * t.HeadDim;
        double attention = Product(tokens, h, q + 2 * kv) + 2 * Product(tokens, tokens, q) + Product(tokens, q, h);
        double mlp = 3 * Product(tokens, h, t.IntermediateSize);
        return t.Layers * (attention + mlp) + Product(1, h, t.VocabSize);
    }

    /// <summary>Flops to decode one token: every decoder layer and the head on one row.</summary>
    /// <param name="context">Tokens that it attends to, itself included.</param>
    /// <returns>About 5e9 for the published 3B models: two for each weight that it reads.</returns>
    public double DecodeFlops(int context)
    {
        TextConfig t = config.Text;
        return PrefillFlops(1) + t.Layers * 2 * Product(1, context - 1, (double)t.Heads * t.HeadDim);
    }

    private static double Product(double m, double k, double n) => 2 * m * k * n;
}
