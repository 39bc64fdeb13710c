using System.Text.Json;
using VlmSharp.Imaging;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Training.Data;

/// <summary>
/// Draws the <c>segmentation</c> of a COCO annotation as a mask. It is either a list of polygons, whose union is the object, or the run
/// lengths of the whole picture, as a string or as numbers.
/// </summary>
internal static class CocoMask
{
    private const int MostOutlines = 1024, MostCoordinates = 200_000, MostRuns = 10_000_000;

    /// <summary>Draws it.</summary>
    /// <param name="shape">The value of <c>segmentation</c>.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <returns>The whole picture's mask, 255 where the thing is.</returns>
    /// <exception cref="FormatException">It is none, or one of another picture.</exception>
    public static GrayImage Draw(JsonElement shape, int width, int height)
    {
        var mask = new GrayImage(width, height);
        if (shape.ValueKind == JsonValueKind.Array) DrawOutlines(shape, mask);
        else if (shape.ValueKind == JsonValueKind.Object) Paint(Runs(shape, width, height), mask);
        else throw new FormatException("\"segmentation\" is neither a list of outlines nor run lengths");
        return mask;
    }

    private static void DrawOutlines(JsonElement shape, GrayImage mask)
    {
        int outlines = shape.GetArrayLength();
        if (outlines is 0 or > MostOutlines)
            throw new FormatException($"\"segmentation\" has {outlines} outlines, not 1 to {MostOutlines}");
        foreach (JsonElement outline in shape.EnumerateArray())
        {
            double[] xy = JsonFields.Numbers(outline, "segmentation", count: null, most: MostCoordinates);
            if (xy.Length < 6 || xy.Length % 2 != 0)
                throw new FormatException($"an outline has {xy.Length} numbers: it takes two for each of at least three corners");
            Paint(Outline.ToRunLength(xy, mask.Width, mask.Height), mask);
        }
    }

    private static RunLengthMask Runs(JsonElement shape, int width, int height)
    {
        if (!JsonFields.TryGet(shape, "size", out JsonElement sides) || !JsonFields.TryGet(shape, "counts", out JsonElement counts))
            throw new FormatException("run lengths need \"size\" and \"counts\"");
        double[] size = JsonFields.Numbers(sides, "size", count: 2, most: 2); // height, width
        if (size[0] != height || size[1] != width)
            throw new FormatException($"a mask is for {size[1]} x {size[0]} pixels, and the picture has {width} x {height}");
        if (counts.ValueKind == JsonValueKind.String) return RunLengthMask.FromCompressed(width, height, counts.GetString()!);
        double[] runs = JsonFields.Numbers(counts, "counts", count: null, most: MostRuns);
        if (runs.Any(run => run < 0 || run != Math.Floor(run)) || runs.Sum() != (double)width * height)
            throw new FormatException($"the run lengths of a mask do not add up to {width} x {height} pixels");
        return new RunLengthMask(width, height, Array.ConvertAll(runs, run => (int)run));
    }

    /// <summary>Sets the pixels of the thing. Runs go down the columns.</summary>
    private static void Paint(RunLengthMask runs, GrayImage mask)
    {
        long at = 0;
        for (int i = 0; i < runs.Counts.Count; at += runs.Counts[i++])
            for (long pixel = at; i % 2 == 1 && pixel < at + runs.Counts[i]; pixel++)
                mask.Row((int)(pixel % mask.Height))[(int)(pixel / mask.Height)] = 255;
    }
}
