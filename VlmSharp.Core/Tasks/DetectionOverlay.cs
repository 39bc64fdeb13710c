using System.Globalization;
using VlmSharp.Imaging;
using VlmSharp.Imaging.Drawing;

namespace VlmSharp.Tasks;

/// <summary>
/// Draws detections into the picture: translucent masks with their outlines, boxes, and labels with their scores. Line widths and text
/// scale with the picture. Things with the same label have the same color, unless there is only one label: then each thing has its own.
/// </summary>
public static class DetectionOverlay
{
    private const float MaskOpacity = 0.5f;

    // The length of a picture's shorter side at which text has the font's own size.
    private const int SideAtScaleOne = 320;

    /// <summary>Draws detections.</summary>
    /// <param name="image">The picture in which they were found; it is not changed.</param>
    /// <param name="detections">Boxes in pixels of this picture. Each label has a color; if all labels are equal, each box has.</param>
    /// <returns>A new picture of the same size.</returns>
    /// <exception cref="ImageFormatException">The new picture does not fit in memory.</exception>
    public static RgbImage Draw(RgbImage image, IReadOnlyList<Detection> detections)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(detections);
        RgbImage drawn = Copy(image);
        var canvas = new Canvas(drawn);
        Rgb[] colors = Colors(detections);
        int scale = Math.Max(1, (int)Math.Round((double)Math.Min(image.Width, image.Height) / SideAtScaleOne));
        for (int i = 0; i < colors.Length; i++)
        {
            if (detections[i].Mask is not { } mask) continue;
            GrayImage alpha = mask.ToAlpha();
            canvas.Tint(mask.Region.Left, mask.Region.Top, alpha, colors[i], MaskOpacity);
            canvas.Outline(mask.Region.Left, mask.Region.Top, alpha, scale, colors[i]);
        }

        for (int i = 0; i < colors.Length; i++)
        {
            PixelRegion box = detections[i].Box.Pixels(image.Width, image.Height);
            canvas.Frame(box, Math.Clamp(Math.Min(box.Width, box.Height) / 4, 1, scale + 1), colors[i]);
        }

        var labels = new LabelPlaces(image.Width, image.Height, scale);
        for (int i = 0; i < colors.Length; i++)
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"{detections[i].Label} {detections[i].Score:0.00}").TrimStart();
            if (labels.Place(detections[i].Box.Pixels(image.Width, image.Height), ref text) is not { } place) continue;
            canvas.Fill(place, colors[i]);
            canvas.Text(place.Left + LabelPlaces.Padding * scale, place.Top + LabelPlaces.Padding * scale, text, scale, colors[i].Ink());
        }

        return drawn;
    }

    private static RgbImage Copy(RgbImage image)
    {
        try
        {
            return new RgbImage(image.Width, image.Height, [.. image.Pixels]);
        }
        catch (OutOfMemoryException e)
        {
            throw new ImageFormatException(string.Create(
                CultureInfo.InvariantCulture,
                $"A picture of {image.Width} x {image.Height} pixels takes another {(image.Pixels.Length >> 20) + 1} MB of memory "
                + $"to draw in, more than there is for it; scale it down, or give the process more memory."), e)
            { Fault = ImageFault.OverLimit };
        }
    }

    private static Rgb[] Colors(IReadOnlyList<Detection> detections)
    {
        string[] labels = [.. detections.Select(d => d.Label).Distinct(StringComparer.Ordinal)];
        return [.. detections.Select((d, i) => Palette.Color(labels.Length == 1 ? i : Array.IndexOf(labels, d.Label)))];
    }

    /// <summary>Finds a place in the picture for each label, where it covers no other one.</summary>
    private sealed class LabelPlaces(int width, int height, int scale)
    {
        /// <summary>The space between a label's edge and its text, in pixels of the font.</summary>
        public const int Padding = 2;

        private readonly List<PixelRegion> taken = [];

        /// <summary>The first free place above, in or below a box.</summary>
        /// <param name="box">In pixels; it may reach past the picture.</param>
        /// <param name="text">The label; cut if the picture is too narrow for it.</param>
        /// <returns>The place, or null if the picture is too small for any text.</returns>
        public PixelRegion? Place(PixelRegion box, ref string text)
        {
            int fits = (width / scale - 2 * Padding + 1) / (BitmapFont.GlyphWidth + 1);
            int labelHeight = (BitmapFont.GlyphHeight + 2 * Padding) * scale;
            if (fits < 1 || labelHeight > height) return null;
            if (text.Length > fits) text = fits > 3 ? $"{text[..(fits - 2)]}.." : text[..fits];
            int labelWidth = (BitmapFont.Width(text.Length) + 2 * Padding) * scale, x = Math.Clamp(box.Left, 0, width - labelWidth);
            PixelRegion? first = null;
            foreach (int y in (ReadOnlySpan<int>)[box.Top - labelHeight, box.Top, box.Bottom, box.Bottom - labelHeight])
            {
                if (y < 0 || y + labelHeight > height) continue;
                PixelRegion place = At(y);
                first ??= place;
                if (taken.Exists(other => other.Intersect(place) is { Width: > 0, Height: > 0 })) continue;
                taken.Add(place);
                return place;
            }

            taken.Add(first ??= At(Math.Clamp(box.Top, 0, height - labelHeight)));
            return first;

            PixelRegion At(int y) => new(x, y, x + labelWidth, y + labelHeight);
        }
    }
}
