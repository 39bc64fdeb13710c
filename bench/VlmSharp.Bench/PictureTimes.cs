using System.Diagnostics;
using System.Globalization;
using StbImageSharp;
using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Bench;

/// <summary>
/// Speed of decoding to RGB, here and with StbImageSharp, in megapixels per second by format: the figures of docs/dependencies.md. The
/// tests of VlmSharp.Imaging check how exact each is.
/// </summary>
internal static class PictureTimes
{
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(2);

    /// <summary>Measures the given files, or the pictures of the tests.</summary>
    /// <param name="files">Paths of pictures; if empty, those of <c>test/golden</c>.</param>
    public static void Run(string[] files)
    {
        if (files.Length == 0) files = [.. Golden("images"), .. Golden("corners")];
        Console.WriteLine(
            "| format | files | Mpixel | VlmSharp, Mpixel/s "
            + "| read by StbImageSharp | StbImageSharp, Mpixel/s | VlmSharp, the same files |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        var formats = files.GroupBy(file => Path.GetExtension(file).ToLowerInvariant());
        foreach (var group in formats.OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            byte[][] ours = [.. group.Select(File.ReadAllBytes).Where(bytes => Pixels(Ours, bytes) > 0)];
            byte[][] both = [.. ours.Where(bytes => Pixels(Theirs, bytes) > 0)];
            if (ours.Length == 0) continue;
            double pixels = ours.Sum(bytes => (double)Pixels(Ours, bytes)) / 1e6;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {group.Key} | {ours.Length} | {pixels:0.00} | {Rate(Ours, ours):0} | {both.Length} "
                + $"| {Rate(Theirs, both):0} | {Rate(Ours, both):0} |"));
        }
    }

    private static string[] Golden(string folder) => Directory.GetFiles(GoldenFiles.PathOf(folder));

    private static long Ours(byte[] bytes)
    {
        RgbImage image = ImageFile.Decode(bytes);
        return (long)image.Width * image.Height;
    }

    private static long Theirs(byte[] bytes)
    {
        ImageResult image = ImageResult.FromMemory(bytes, ColorComponents.RedGreenBlue);
        return (long)image.Width * image.Height;
    }

    // 0 for a file that is refused. StbImageSharp throws exceptions of every kind for that.
    private static long Pixels(Func<byte[], long> decode, byte[] bytes)
    {
        try
        {
            return decode(bytes);
        }
        catch (Exception)
        {
            return 0;
        }
    }

    // Megapixels per second: the best of as many rounds as there is time for; the first one also compiles the code.
    private static double Rate(Func<byte[], long> decode, byte[][] files)
    {
        double best = 0;
        long begin = Stopwatch.GetTimestamp();
        for (int round = 0; files.Length > 0 && (round < 3 || Stopwatch.GetElapsedTime(begin) < Enough); round++)
        {
            long start = Stopwatch.GetTimestamp(), pixels = 0;
            foreach (byte[] file in files) pixels += decode(file);
            best = Math.Max(best, pixels / 1e6 / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
