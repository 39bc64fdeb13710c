using VlmSharp.Imaging;

namespace VlmSharp.Tasks.Masks;

/// <summary>
/// The shape of a detected thing: 64 x 64 numbers that cover its box, regardless of the box's size. Only these are stored; pictures and run
/// lengths are made on request.
/// </summary>
/// <remarks>
/// There are two ways to get pixels, as in the published tools. For display, the numbers become 64 x 64 gray values and are resized to the
/// box like a picture, which gives soft edges. For measurement, the numbers are resized bilinearly, and values above 0 belong to the thing.
/// </remarks>
public sealed class SegmentationMask
{
    private readonly float[] values; // [64, 64]

    /// <summary>Takes a decoded mask.</summary>
    /// <param name="values">[64, 64], about -1 to 1, above 0 inside the thing; not copied.</param>
    /// <param name="box">The thing's box, in pixels of the picture.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    public SegmentationMask(float[] values, Box box, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (values.Length != MaskDecoder.Side * MaskDecoder.Side)
        {
            throw new ArgumentException(
                $"A mask has {MaskDecoder.Side} x {MaskDecoder.Side} numbers, not {values.Length}.", nameof(values));
        }

        (this.values, Width, Height, Region) = (values, width, height, box.Pixels(width, height));
    }

    /// <summary>Columns of the picture.</summary>
    public int Width { get; }

    /// <summary>Rows of the picture.</summary>
    public int Height { get; }

    /// <summary>The pixels that the 64 x 64 numbers cover; all others are outside the thing.</summary>
    public PixelRegion Region { get; }

    /// <summary>The opacity of each pixel of <see cref="Region"/>, for display: 0 to 255.</summary>
    /// <returns>A picture of the region's size.</returns>
    public GrayImage ToAlpha()
    {
        byte[] grays = Array.ConvertAll(values, value => (byte)(Math.Clamp(0.5f * value + 0.5f, 0, 1) * 255)); // [64, 64]
        var small = RgbImage.FromPixels(grays, MaskDecoder.Side, MaskDecoder.Side, PixelLayout.Gray8);
        RgbImage large = small.Resize(Region.Width, Region.Height); // has three equal channels, of which the first is used
        var alpha = new GrayImage(Region.Width, Region.Height);
        for (int i = 0; i < alpha.Pixels.Length; i++) alpha.Pixels[i] = large.Pixels[3 * i];
        return alpha;
    }

    /// <summary>The mask as a picture for display, of the whole picture's size: 255 inside the thing, 0 outside.</summary>
    /// <returns>Width x Height bytes.</returns>
    public GrayImage ToImage() => ToImage([this], Width, Height);

    /// <summary>Combines the masks of several things in one picture: the largest value at each pixel.</summary>
    /// <param name="masks">The masks, of pictures of this size.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <returns>The picture, black where there is no mask.</returns>
    public static GrayImage ToImage(IEnumerable<SegmentationMask> masks, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(masks);
        var image = new GrayImage(width, height);
        foreach (SegmentationMask mask in masks)
        {
            if (mask.Width != width || mask.Height != height)
            {
                throw new ArgumentException(
                    $"A mask of a picture of {mask.Width} x {mask.Height} pixels does not fit one of {width} x {height}.", nameof(masks));
            }

            GrayImage alpha = mask.ToAlpha();
            for (int y = 0; y < alpha.Height; y++)
            {
                Span<byte> target = image.Row(mask.Region.Top + y).Slice(mask.Region.Left, alpha.Width);
                for (int x = 0; x < target.Length; x++) target[x] = Math.Max(target[x], alpha.Row(y)[x]);
            }
        }

        return image;
    }

    /// <summary>The pixels of the thing, for measurement, as COCO's run lengths of the whole picture.</summary>
    /// <returns>The run lengths.</returns>
    public RunLengthMask ToRunLength()
    {
        const int side = MaskDecoder.Side;
        LinearTaps columns = new(side, Region.Width, antialias: false), rows = new(side, Region.Height, antialias: false);
        var column = new float[side];
        var runs = new RunLengthBuilder();
        runs.Add((long)Region.Left * Height, isThing: false);
        for (int x = 0; x < Region.Width; x++)
        {
            for (int y = 0; y < side; y++) column[y] = columns.At(values.AsSpan(y * side, side), x);
            runs.Add(Region.Top, isThing: false);
            for (int y = 0; y < Region.Height; y++) runs.Add(1, isThing: rows.At(column, y) > 0);
            runs.Add(Height - Region.Bottom, isThing: false);
        }

        runs.Add((long)(Width - Region.Right) * Height, isThing: false);
        return runs.ToMask(Width, Height);
    }
}
