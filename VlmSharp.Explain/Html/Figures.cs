using System.Globalization;
using VlmSharp.Imaging;

namespace VlmSharp.Explain.Html;

/// <summary>Pictures and numbers as a page shows them.</summary>
internal static class Figures
{
    /// <summary>A picture inside the page: a PNG as a data: URI.</summary>
    public static string DataUri(RgbImage image) => DataUri(png => PngWriter.Write(image, png));

    /// <summary>The same for a gray picture.</summary>
    public static string DataUri(GrayImage image) => DataUri(png => PngWriter.Write(image, png));

    private static string DataUri(Action<Stream> write)
    {
        using var png = new MemoryStream();
        write(png);
        return "data:image/png;base64," + Convert.ToBase64String(png.GetBuffer(), 0, (int)png.Length);
    }

    /// <summary>A probability or a share: 82.3 %.</summary>
    public static string Percent(double share) => !double.IsFinite(share) ? "not a number"
        : share is > 0 and < 0.0005 ? "< 0.1 %"
        : share is < 1 and > 0.9995 ? "> 99.9 %"
        : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    /// <summary>A size of any magnitude, with three digits.</summary>
    public static string Size(double value) => !double.IsFinite(value) ? "not a number"
        : value.ToString(
            value is 0 or >= 0.001 and < 99_999 ? value < 1 ? "0.000" : value < 100 ? "0.00" : "0" : "0.00E+0",
            CultureInfo.InvariantCulture);

    /// <summary>A count with its noun: 1 token, 2 tokens.</summary>
    public static string Count(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");
}
