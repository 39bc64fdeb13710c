namespace VlmSharp.Adapters;

/// <summary>
/// A linear layer to which an adapter adds the product of two low-rank matrices (LoRA; Hu et al. 2022).
/// <code>
/// y = W x + scale * B (A x)      A [rank, in]      B [out, rank]
/// </code>
/// </summary>
/// <param name="Name">The layer's canonical name, such as <c>language_model.model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Inputs">Input features.</param>
/// <param name="Outputs">Output features.</param>
/// <param name="Rank">Rows of A and columns of B.</param>
/// <param name="Alpha">Sets the scale together with the rank.</param>
/// <param name="Scale">alpha / rank, or alpha / sqrt(rank) (rsLoRA; Kalajdzievski 2023).</param>
public sealed record AdaptedModule(string Name, int Inputs, int Outputs, int Rank, double Alpha, double Scale)
{
    /// <summary>The canonical name of W.</summary>
    public string WeightName => Name + ".weight";

    /// <summary>Numbers in A and B.</summary>
    public long Parameters => (long)Rank * (Inputs + Outputs);
}
