using System.Buffers;
using System.Globalization;

namespace VlmSharp.Server.Pictures;

/// <summary>The hosts of <see cref="PictureOptions.AllowedHosts"/>.</summary>
internal sealed class HostList
{
    /// <summary>Characters that no host has and that would change the meaning of a URL.</summary>
    private static readonly SearchValues<char> NotOfHosts = SearchValues.Create("*/\\@?#% ");

    private readonly Entry[] entries;

    /// <summary>Reads the entries.</summary>
    /// <exception cref="ArgumentException">
    /// An entry is neither a host nor *.suffix; reported before the server listens.
    /// </exception>
    public HostList(IEnumerable<string> hosts) => entries = [.. hosts.Select(Parse)];

    /// <summary>
    /// A URL's host in normalized form: lower case, xn-- for names that are not ASCII, no trailing dot; null if it cannot be written so.
    /// </summary>
    public static string? HostOf(Uri uri)
    {
        try
        {
            string host = uri.IdnHost.ToLowerInvariant();
            return host.EndsWith('.') ? host[..^1] : host;
        }
        catch (UriFormatException)
        {
            return null; // found out only now
        }
    }

    /// <summary>Whether host and port of a URL are in the list.</summary>
    public bool Allows(Uri uri)
    {
        if (HostOf(uri) is not { } host) return false;
        return Array.Exists(entries, entry =>
            (entry.Port is { } port ? uri.Port == port : uri.Port is 80 or 443)
            && (entry.IsSuffix
                ? uri.HostNameType == UriHostNameType.Dns && host.EndsWith("." + entry.Host, StringComparison.Ordinal)
                : host == entry.Host));
    }

    private static Entry Parse(string text)
    {
        string rest = text.Trim();
        bool suffix = rest.StartsWith("*.", StringComparison.Ordinal);
        if (suffix) rest = rest[2..];
        int? port = null;
        // The colons of [::1] do not separate a port.
        if (rest.LastIndexOf(':') is var colon and >= 0 && colon > rest.LastIndexOf(']'))
        {
            bool good = ushort.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)
                && number > 0;
            port = good ? number : throw Wrong(text);
            rest = rest[..colon];
        }
        bool host = rest.Length > 0 && rest.AsSpan().IndexOfAny(NotOfHosts) < 0;
        return host && Uri.TryCreate($"http://{rest}/", UriKind.Absolute, out Uri? uri) && uri.AbsolutePath == "/"
            && (!suffix || uri.HostNameType == UriHostNameType.Dns) && HostOf(uri) is { Length: > 0 } name
            ? new Entry(name, suffix, port)
            : throw Wrong(text);
    }

    private static ArgumentException Wrong(string text) => new(
        $"'{text}' is no host to fetch images from: write images.example.com, *.example.com for every host below it, "
        + "or either with a port (images.example.com:8443).");

    private readonly record struct Entry(string Host, bool IsSuffix, int? Port);
}
