using System.Globalization;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;

namespace VlmSharp.Explain.Html;

/// <summary>The original picture, and the resized one that goes into the model, with its patches.</summary>
internal static class PictureSection
{
    // Longest side at which the original is shown: a full-size photograph would be most of the page.
    private const int OriginalSide = 480;

    /// <summary>Defines the resized picture and the attention colors once, for all the figures that use them.</summary>
    public static void Define(HtmlWriter page, Explanation e)
    {
        int side = e.Seen.Width;
        page.Add($"""
            <svg class="defs" width="0" height="0" aria-hidden="true"><defs>
            <image id="seen" width="{side}" height="{side}" href="{Figures.DataUri(e.Seen)}"/>
            <filter id="heat" x="0" y="0" width="1" height="1" color-interpolation-filters="sRGB">
            <feComponentTransfer in="SourceGraphic" result="color">
            <feFuncR type="table" tableValues="1 1 0.96 0.84 0.55"/>
            <feFuncG type="table" tableValues="0.9 0.72 0.42 0.16 0"/>
            <feFuncB type="table" tableValues="0.35 0.2 0.1 0.12 0.12"/>
            </feComponentTransfer>
            <feColorMatrix in="SourceGraphic" type="luminanceToAlpha" result="amount"/>
            <feComponentTransfer in="amount" result="alpha"><feFuncA type="table" tableValues="0 0.5 0.66 0.77 0.84"/></feComponentTransfer>
            <feComposite in="color" in2="alpha" operator="in"/>
            </filter>
            </defs></svg>

            """);
    }

    public static void Write(HtmlWriter page, Explanation e)
    {
        int side = e.Config.Vision.ImageSize, perSide = e.Config.Vision.PatchesPerSide, patch = e.Config.Vision.PatchSize;
        page.Add($"""
            <section id="picture"><h2><span class="no">1</span> The picture</h2>
            <p>The picture is turned upright and stretched to {side} × {side} pixels, whatever its shape, and each byte x becomes the
            number {Normalization(e.Preprocessor)}. Then it is cut into {perSide} × {perSide} patches of {patch} × {patch}
            pixels, and each patch, {3 * patch * patch} numbers, is multiplied by one matrix; a learned vector for its place is added.
            From here on the model has {perSide * perSide} vectors, one a patch. They look at each other in the {e.Config.Vision.Layers}
            blocks of the encoder; one more matrix, the projector, makes each of them a token of the language model.</p>

            """);
        Sources.Write(
            page, "y[p] = W · flatten(patch p) + bias + position[p]",
            "VlmSharp.Imaging/BicubicResize.cs", "VlmSharp.Core/Compute/Reference/PatchEmbed.cs", "VlmSharp.Core/Models/SigLipEncoder.cs");
        RgbImage shown = Shrink(e.Original);
        page.Add($"""
            <div class="pair">
            <figure><img src="{Figures.DataUri(shown)}" width="{shown.Width}" height="{shown.Height}" alt="The picture as it was given"/>
            <figcaption>As given, {e.Original.Width} × {e.Original.Height} pixels.</figcaption></figure>
            <figure><svg class="map" viewBox="0 0 {side} {side}" role="img" aria-label="The resized picture with its patches">
            <use href="#seen"/>
            <path class="grid" d="
            """);
        for (int i = 1; i < perSide; i++) page.Add($"M{i * patch} 0V{side}M0 {i * patch}H{side}");
        page.Add($"""
            "/><g class="patches">

            """);
        for (int i = 0; i < perSide * perSide; i++)
        {
            int row = i / perSide, column = i % perSide;
            page.Add($"""<rect x="{column * patch}" y="{row * patch}" width="{patch}" height="{patch}">""");
            page.Add($"<title>patch {i}: row {row}, column {column}</title></rect>");
        }

        page.Add($"""

            </g></svg>
            <figcaption>As the model sees it. Point at a patch for its number: patch 0 is the first token, top left.</figcaption></figure>
            </div></section>

            """);
    }

    private static string Normalization(PreprocessorConfig config) =>
        config.Mean.Distinct().Count() == 1 && config.Std.Distinct().Count() == 1
            ? string.Create(CultureInfo.InvariantCulture, $"(x / {1 / config.RescaleFactor:0.###} − {config.Mean[0]}) / {config.Std[0]}")
            : string.Create(
                CultureInfo.InvariantCulture, $"(x / {1 / config.RescaleFactor:0.###} − mean) / std, of red, green and blue apart");

    private static RgbImage Shrink(RgbImage image)
    {
        int longest = Math.Max(image.Width, image.Height);
        return longest <= OriginalSide ? image
            : image.Resize(Scale(image.Width), Scale(image.Height));

        int Scale(int length) => Math.Max(1, (int)Math.Round((double)length * OriginalSide / longest));
    }
}
