using System.CommandLine;
using System.Globalization;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Options;

/// <summary>How picture files are read.</summary>
internal sealed class PictureOptionsBinder
{
    private readonly Option<Rgb?> background = new("--background")
    {
        Description = "Lay pixels that are not opaque over this color: white, black, gray, or RRGGBB in hexadecimal. Without it the colors "
            + "that a file stores under transparent pixels are what the model sees, as in transformers.",
        HelpName = "COLOR",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (Parse(text) is { } color) return color;
            result.AddError($"--background '{text}': give white, black, gray, or six hexadecimal digits such as FF8000.");
            return null;
        },
    };

    /// <summary>Adds the option to a command.</summary>
    public void AddTo(Command command) => command.Add(background);

    /// <summary>Limits and settings for the pictures of this run.</summary>
    public ImageOptions Bind(ParseResult parsed) => ImageOptions.Default with { Background = parsed.GetValue(background) };

    /// <summary>The part of them that changes an answer, for the settings of a run; null for the defaults.</summary>
    public string? Describe(ParseResult parsed) =>
        parsed.GetValue(background) is { } color ? $"background {color.Red:X2}{color.Green:X2}{color.Blue:X2}" : null;

    private static Rgb? Parse(string text) => text.ToLowerInvariant() switch
    {
        "white" => Rgb.White,
        "black" => Rgb.Black,
        "gray" or "grey" => new Rgb(128, 128, 128),
        _ when text.TrimStart('#') is { Length: 6 } digits
            && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int color) =>
            new Rgb((byte)(color >> 16), (byte)(color >> 8), (byte)color),
        _ => null,
    };
}
