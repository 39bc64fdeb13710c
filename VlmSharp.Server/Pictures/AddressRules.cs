using System.Net;
using System.Net.Sockets;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// The addresses that a server may fetch from: only public unicast ones. The others include the server itself, its neighbors and the
/// cloud's metadata service (169.254.169.254), which a client must not reach through an image URL. The tables are IANA's special-purpose
/// registries (RFC 6890).
/// </summary>
internal static class AddressRules
{
    private static readonly IPNetwork[] Refused4 = Networks(
        "0.0.0.0/8",        // this network; 0.0.0.0 connects to this host
        "10.0.0.0/8",       // private
        "100.64.0.0/10",    // carrier-grade NAT
        "127.0.0.0/8",      // loopback
        "169.254.0.0/16",   // link-local, metadata services
        "172.16.0.0/12",    // private
        "192.0.0.0/24",     // protocol assignments
        "192.0.2.0/24",     // documentation
        "192.88.99.0/24",   // 6to4 relays
        "192.168.0.0/16",   // private
        "198.18.0.0/15",    // benchmarks
        "198.51.100.0/24",  // documentation
        "203.0.113.0/24",   // documentation
        "224.0.0.0/4",      // multicast
        "240.0.0.0/4");     // reserved, and broadcast at its end

    // For IPv6 the rule is inverted: nothing outside global unicast, and within it not these. So loopback, unspecified, fc00::/7,
    // fe80::/10, fec0::/10, ff00::/8, 100::/64 and ::a.b.c.d need no line.
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3"), Nat64 = IPNetwork.Parse("64:ff9b::/96");

    private static readonly IPNetwork[] Refused6 = Networks(
        "2001::/23",        // protocol assignments; Teredo is 2001::/32
        "2001:db8::/32",    // documentation
        "2002::/16",        // 6to4: holds an IPv4 address, any
        "3fff::/20");       // documentation

    /// <summary>Whether an address may be connected to.</summary>
    public static bool Allows(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return !Array.Exists(Refused4, network => network.Contains(address));
        // Mapped addresses first: the framework compares them as IPv4, and then says that 2000::/3 contains ::ffff:8.8.8.8.
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.IsIPv4MappedToIPv6 || address.ScopeId != 0)
            return false;
        // Networks without IPv4 reach it through a translator; the translated address must be checked.
        if (Nat64.Contains(address))
            return Allows(new IPAddress(address.GetAddressBytes().AsSpan(12)));
        return GlobalUnicast.Contains(address) && !Array.Exists(Refused6, network => network.Contains(address)) && !IsIsatap(address);
    }

    // RFC 5214: an interface of ...:0:5efe:a.b.c.d is a tunnel to that IPv4 address. The bit for "unique everywhere" may be set.
    private static bool IsIsatap(IPAddress address) =>
        address.GetAddressBytes() is [_, _, _, _, _, _, _, _, 0 or 2, 0, 0x5E, 0xFE, ..];

    private static IPNetwork[] Networks(params string[] texts) => Array.ConvertAll(texts, IPNetwork.Parse);
}
