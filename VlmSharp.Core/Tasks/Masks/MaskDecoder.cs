namespace VlmSharp.Tasks.Masks;

/// <summary>
/// Turns the sixteen <c>&lt;seg&gt;</c> codes of a thing into its mask: the decoder of a VQ-VAE (van den Oord et al. 2017) that was trained
/// on segments of OpenImages and published with PaliGemma as <c>vae-oid.npz</c>. Thread-safe.
/// </summary>
/// <remarks>
/// The codes' vectors form a 4 x 4 grid. It goes through a 1 x 1 convolution, two residual blocks, and four transposed convolutions, each
/// of which doubles the sides: 4, 8, 16, 32, 64.
/// </remarks>
public sealed class MaskDecoder
{
    /// <summary>Rows and columns of a decoded mask.</summary>
    public const int Side = MaskNetwork.Side;

    private readonly float[] codebook; // [128, 512]
    private readonly Convolution project, score;
    private readonly ResidualBlock[] blocks;
    private readonly Convolution[] enlarge;

    private MaskDecoder(MaskWeights weights)
    {
        codebook = MaskNetwork.Codebook(weights);
        project = new Convolution(weights, "decoder.0", MaskNetwork.CodeWidth, MaskNetwork.Width, kernel: 1);
        blocks = [new(weights, "decoder.2"), new(weights, "decoder.3")];
        enlarge =
        [
            Doubling(weights, "decoder.4", 128, 128), Doubling(weights, "decoder.6", 128, 64),
            Doubling(weights, "decoder.8", 64, 32), Doubling(weights, "decoder.10", 32, 16),
        ];
        score = new Convolution(weights, "decoder.12", 16, 1, kernel: 1);
        Fingerprint = weights.Fingerprint();
    }

    /// <summary>
    /// Identifies the decoder: SHA-256 of the weights in 64 hexadecimal digits, the same for either file format.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>Loads a file.</summary>
    /// <param name="path"><c>vae-oid.npz</c>, or a safetensors file with tensors of the same names.</param>
    /// <returns>The decoder.</returns>
    /// <exception cref="ModelFormatException">The file is missing, damaged or a different one.</exception>
    public static MaskDecoder Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using MaskWeights weights = MaskWeights.Open(path);
        return new MaskDecoder(weights);
    }

    /// <summary>Whether a model's folder contains the file: <c>vae-oid.npz</c> or <c>vae-oid.safetensors</c>.</summary>
    /// <param name="directory">The model's folder.</param>
    /// <returns>True if the file exists, even if it is damaged.</returns>
    public static bool IsIn(string directory) => MaskWeights.Find(directory) is not null;

    /// <summary>Loads the file in a model's folder.</summary>
    /// <param name="directory">The model's folder.</param>
    /// <returns>The decoder.</returns>
    /// <exception cref="ModelFormatException">There is no such file, or it is damaged or a different one.</exception>
    public static MaskDecoder LoadFrom(string directory) => Load(MaskWeights.Find(directory) ?? throw new ModelFormatException(
        $"{directory} has no {MaskWeights.FileNames[0]}, the network of 8 MB that turns the model's 16 codes for a thing into its mask: "
        + "PaliGemma's authors publish it apart from the checkpoints, beside their big_vision code "
        + "(gs://big_vision/paligemma/vae-oid.npz); put it into that folder, or give its path."));

    /// <summary>Decodes a mask.</summary>
    /// <param name="codes">Sixteen numbers from 0 to 127: the rows of the grid, top row first.</param>
    /// <returns>[64, 64], about -1 to 1. Values above 0 belong to the thing.</returns>
    /// <exception cref="ArgumentException">The number of codes is not sixteen, or a code is out of range.</exception>
    public float[] Decode(ReadOnlySpan<int> codes)
    {
        if (codes.Length != MaskNetwork.CodesPerMask)
            throw new ArgumentException($"A mask has {MaskNetwork.CodesPerMask} codes, not {codes.Length}.", nameof(codes));
        var x = new FeatureMap(MaskNetwork.Grid, MaskNetwork.Grid, MaskNetwork.CodeWidth); // [4, 4, 512]
        for (int i = 0; i < codes.Length; i++)
        {
            if ((uint)codes[i] >= MaskNetwork.Codes)
                throw new ArgumentException($"A mask's code is from 0 to {MaskNetwork.Codes - 1}, not {codes[i]}.", nameof(codes));
            Span<float> cell = x.At(i / MaskNetwork.Grid, i % MaskNetwork.Grid);
            codebook.AsSpan(codes[i] * MaskNetwork.CodeWidth, MaskNetwork.CodeWidth).CopyTo(cell);
        }

        x = MaskNetwork.Relu(project.Apply(x)); // [4, 4, 128]
        foreach (ResidualBlock block in blocks) x = block.Apply(x);
        foreach (Convolution transposed in enlarge) x = MaskNetwork.Relu(transposed.Apply(x)); // to [64, 64, 16]
        return score.Apply(x).Values; // [64, 64, 1]
    }

    private static Convolution Doubling(MaskWeights weights, string name, int inputs, int outputs) =>
        new(weights, name, inputs, outputs, kernel: 4, stride: 2, padding: 1, transposed: true);
}
