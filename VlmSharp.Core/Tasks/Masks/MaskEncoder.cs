using System.Numerics.Tensors;
using VlmSharp.Imaging;

namespace VlmSharp.Tasks.Masks;

/// <summary>
/// The other half of the network of <see cref="MaskDecoder"/>: turns a mask into its sixteen codes, to make training data. It has four
/// convolutions that halve the sides, two residual blocks, and a 1 x 1 convolution. Each of the 4 x 4 positions takes the code with the
/// nearest vector. Thread-safe.
/// </summary>
public sealed class MaskEncoder
{
    private readonly float[] codebook; // [128, 512]
    private readonly Convolution[] shrink;
    private readonly ResidualBlock[] blocks;
    private readonly Convolution project;

    private MaskEncoder(MaskWeights weights)
    {
        codebook = MaskNetwork.Codebook(weights);
        shrink =
        [
            Halving(weights, "encoder.0", 1, 16), Halving(weights, "encoder.2", 16, 32),
            Halving(weights, "encoder.4", 32, 64), Halving(weights, "encoder.6", 64, 128),
        ];
        blocks = [new(weights, "encoder.8"), new(weights, "encoder.9")];
        project = new Convolution(weights, "encoder.10", MaskNetwork.Width, MaskNetwork.CodeWidth, kernel: 1);
    }

    /// <summary>Loads a file.</summary>
    /// <param name="path"><c>vae-oid.npz</c>, or a safetensors file with tensors of the same names.</param>
    /// <returns>The encoder.</returns>
    /// <exception cref="ModelFormatException">The file is missing, damaged or a different one.</exception>
    public static MaskEncoder Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using MaskWeights weights = MaskWeights.Open(path);
        return new MaskEncoder(weights);
    }

    /// <summary>Encodes the mask of a thing, cut to its box and resized to 64 x 64.</summary>
    /// <param name="mask">[64, 64], 0 to 1.</param>
    /// <returns>Sixteen codes: the rows of the grid, top row first.</returns>
    public int[] Encode(ReadOnlySpan<float> mask)
    {
        FeatureMap features = Features(mask);
        var codes = new int[MaskNetwork.CodesPerMask];
        for (int i = 0; i < codes.Length; i++) codes[i] = Nearest(features.At(i / MaskNetwork.Grid, i % MaskNetwork.Grid));
        return codes;
    }

    /// <summary>Encodes the mask of a thing in a whole picture.</summary>
    /// <param name="mask">The picture's mask, 255 where the thing is.</param>
    /// <param name="box">The thing's box, in pixels of the mask.</param>
    /// <returns>Sixteen codes.</returns>
    public int[] Encode(GrayImage mask, Box box)
    {
        ArgumentNullException.ThrowIfNull(mask);
        PixelRegion region = box.Pixels(mask.Width, mask.Height);
        var cut = new float[region.Width * region.Height]; // [height, width]
        for (int y = 0; y < region.Height; y++)
            for (int x = 0; x < region.Width; x++)
                cut[y * region.Width + x] = mask.Row(region.Top + y)[region.Left + x] / 255f;
        return Encode(PlaneResize.Bilinear(cut, region.Width, region.Height, MaskNetwork.Side, MaskNetwork.Side, antialias: true));
    }

    /// <summary>The vectors to look up in the codebook, [4, 4, 512].</summary>
    internal FeatureMap Features(ReadOnlySpan<float> mask)
    {
        if (mask.Length != MaskNetwork.Side * MaskNetwork.Side)
            throw new ArgumentException($"A mask has {MaskNetwork.Side} x {MaskNetwork.Side} numbers, not {mask.Length}.", nameof(mask));
        var x = new FeatureMap(MaskNetwork.Side, MaskNetwork.Side, 1);
        for (int i = 0; i < mask.Length; i++) x.Values[i] = 2 * (mask[i] - 0.5f);
        foreach (Convolution convolution in shrink) x = MaskNetwork.Relu(convolution.Apply(x)); // to [4, 4, 128]
        foreach (ResidualBlock block in blocks) x = block.Apply(x);
        return project.Apply(x);
    }

    /// <summary>argmin over k of |codebook[k] - feature|^2; a tie goes to the first.</summary>
    private int Nearest(ReadOnlySpan<float> feature)
    {
        int best = 0;
        float distance = float.PositiveInfinity;
        for (int k = 0; k < MaskNetwork.Codes; k++)
        {
            float d = TensorPrimitives.Distance(feature, codebook.AsSpan(k * MaskNetwork.CodeWidth, MaskNetwork.CodeWidth));
            if (d < distance) (best, distance) = (k, d);
        }

        return best;
    }

    private static Convolution Halving(MaskWeights weights, string name, int inputs, int outputs) =>
        new(weights, name, inputs, outputs, kernel: 4, stride: 2, padding: 1);
}
