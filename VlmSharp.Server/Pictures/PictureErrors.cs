using VlmSharp.Imaging;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// The errors for refused pictures. The sentences hold no path, no address and nothing about the machine. Messages of other libraries are
/// never passed on: one once told an attacker an address in memory (CVE-2026-22778).
/// </summary>
internal static class PictureErrors
{
    /// <summary>400: the picture or its URL is wrong.</summary>
    public static ApiException Invalid(string message, string code = "invalid_image") => ApiException.Invalid(message, code: code);

    /// <summary>400: a URL that this server does not fetch from.</summary>
    public static ApiException InvalidUrl(string message) => Invalid(message, "invalid_image_url");

    /// <summary>413: a file over the limit.</summary>
    public static ApiException TooManyBytes(int most) =>
        TooLarge($"The picture has more than {most} bytes, this server's limit; scale it down or save it as JPEG.");

    /// <summary>
    /// The decoder's refusal. For a limit it uses this server's words: the decoder's words name an option that the client cannot set.
    /// </summary>
    public static ApiException Of(ImageFormatException e, string name, PictureOptions options) => e.Limit switch
    {
        nameof(ImageOptions.MaxPixels) => TooLarge($"{name} has more than {options.MaxPixels} pixels, this server's limit; scale it down."),
        nameof(ImageOptions.MaxSide) => TooLarge($"{name} is wider or higher than {ImageOptions.Default.MaxSide} pixels; scale it down."),
        nameof(ImageOptions.MaxJpegScans) => TooLarge(
            $"{name} is a progressive JPEG of more than {options.MaxScans} scans, this server's limit; save it as baseline JPEG."),
        nameof(ImageOptions.MaxMemory) => TooMuchMemory(name),
        _ => Invalid(e.Message),
    };

    /// <summary>413: a picture that never fits in memory.</summary>
    public static ApiException TooMuchMemory(string name) =>
        TooLarge($"{name} takes more memory to decode than this server has for it; scale it down.");

    private static ApiException TooLarge(string message) => new(413, "invalid_request_error", "image_too_large", message);
}
