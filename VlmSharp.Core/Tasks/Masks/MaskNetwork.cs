using System.Numerics.Tensors;

namespace VlmSharp.Tasks.Masks;

/// <summary>What the mask encoder and decoder share: their sizes, and the block that both use.</summary>
internal static class MaskNetwork
{
    /// <summary>Side of the mask, in pixels.</summary>
    public const int Side = 64;

    /// <summary>Side of the grid of codes, each of which represents 16 x 16 pixels.</summary>
    public const int Grid = 4;

    /// <summary>Number of codes in a mask.</summary>
    public const int CodesPerMask = Grid * Grid;

    /// <summary>Number of different codes, which is the number of vectors in the codebook.</summary>
    public const int Codes = 128;

    /// <summary>Length of a code's vector.</summary>
    public const int CodeWidth = 512;

    /// <summary>Channels at the grid's resolution.</summary>
    public const int Width = 128;

    /// <summary>The vectors of the codes, [128, 512].</summary>
    public static float[] Codebook(MaskWeights weights) => weights.Read("_vq_vae._embedding", Codes, CodeWidth);

    /// <summary>max(x, 0), in place.</summary>
    public static FeatureMap Relu(FeatureMap x)
    {
        TensorPrimitives.Max(x.Values, 0f, x.Values);
        return x;
    }
}

/// <summary>A residual block: y = x + C3(relu(C2(relu(C1(x))))), where C1 and C2 are 3 x 3 and C3 is 1 x 1.</summary>
internal sealed class ResidualBlock(MaskWeights weights, string name)
{
    private readonly Convolution
        first = new(weights, $"{name}.net.0", MaskNetwork.Width, MaskNetwork.Width, kernel: 3, padding: 1),
        second = new(weights, $"{name}.net.2", MaskNetwork.Width, MaskNetwork.Width, kernel: 3, padding: 1),
        third = new(weights, $"{name}.net.4", MaskNetwork.Width, MaskNetwork.Width, kernel: 1);

    /// <summary>Applies the block.</summary>
    /// <param name="x">[4, 4, 128].</param>
    /// <returns>The same shape.</returns>
    public FeatureMap Apply(FeatureMap x)
    {
        FeatureMap branch = third.Apply(MaskNetwork.Relu(second.Apply(MaskNetwork.Relu(first.Apply(x)))));
        TensorPrimitives.Add(x.Values, branch.Values, branch.Values);
        return branch;
    }
}
