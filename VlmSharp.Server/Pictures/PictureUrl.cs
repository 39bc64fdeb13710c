namespace VlmSharp.Server.Pictures;

/// <summary>
/// Checks the text of an image URL, and of every address that it redirects to. Names that mean loopback in disguise (2130706433, 0x7f.1,
/// 127.1) are ordinary addresses once <see cref="Uri"/> has read them; what a name stands for is checked when it has been looked up, by
/// <see cref="PictureFetcher"/>.
/// </summary>
internal static class PictureUrl
{
    private const int LongestUrl = 2048;

    /// <summary>Whether the text begins as a URL of the web does.</summary>
    public static bool IsWeb(string text) =>
        text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The URL, where it may be fetched as far as its text says.</summary>
    /// <exception cref="Errors.ApiException">400.</exception>
    public static Uri Check(string text, HostList hosts)
    {
        if (text.Length > LongestUrl)
            throw PictureErrors.InvalidUrl($"The image URL has more than {LongestUrl} characters.");
        // URL parsers treat these differently, and an attack on the check below would use such a difference.
        if (text.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || text.Contains('\\'))
        {
            throw PictureErrors.InvalidUrl(
                "The image URL has a space, a backslash, a control character or one that is not ASCII; "
                + "escape it, and write the host as xn--...");
        }
        if (!IsWeb(text) || !Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
            || uri.Scheme is not ("http" or "https") || string.IsNullOrEmpty(HostList.HostOf(uri)))
            throw PictureErrors.InvalidUrl("The image URL is not one of http or https.");
        ReadOnlySpan<char> authority = text.AsSpan(text.IndexOf("://", StringComparison.Ordinal) + 3);
        if (authority.IndexOfAny("/?#") is var end and >= 0) authority = authority[..end];
        if (authority.Contains('@') || uri.UserInfo.Length > 0)
            throw PictureErrors.InvalidUrl("The image URL has a user name; images that need one are not fetched.");
        if (!hosts.Allows(uri))
        {
            throw PictureErrors.InvalidUrl(
                "The image URL's host and port are not among those that this server fetches images from "
                + "(--allow-image-hosts).");
        }
        return uri;
    }

    /// <summary>Where a redirect leads, checked in the same way.</summary>
    /// <exception cref="Errors.ApiException">400.</exception>
    public static Uri Next(Uri from, Uri? location, HostList hosts)
    {
        if (location is null || !Uri.TryCreate(from, location, out Uri? next))
            throw PictureErrors.InvalidUrl("The image URL redirects to nowhere.");
        if (from.Scheme == Uri.UriSchemeHttps && next.Scheme == Uri.UriSchemeHttp)
            throw PictureErrors.InvalidUrl("The image URL redirects from https to http.");
        return Check(next.AbsoluteUri, hosts);
    }
}
