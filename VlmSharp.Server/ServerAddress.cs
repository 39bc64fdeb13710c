using System.Net;
using System.Net.Sockets;

namespace VlmSharp.Server;

/// <summary>The address that a server listens on.</summary>
internal static class ServerAddress
{
    /// <summary>Makes one of a host as a user writes it.</summary>
    /// <param name="host">An IP address, a name of this machine, or * for every address.</param>
    /// <param name="port">0 to 65535; 0 lets the system choose one.</param>
    /// <exception cref="ArgumentException">There is no such host.</exception>
    public static IPEndPoint Parse(string host, int port)
    {
        if (host is "*" or "+") return new IPEndPoint(IPAddress.IPv6Any, port); // with IPv4, where there is IPv6
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return new IPEndPoint(IPAddress.Loopback, port);
        if (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address)) return new IPEndPoint(address, port);
        try
        {
            return new IPEndPoint(Dns.GetHostAddresses(host).FirstOrDefault() ?? throw Unknown(host), port);
        }
        catch (SocketException)
        {
            throw Unknown(host);
        }
    }

    private static ArgumentException Unknown(string host) =>
        new($"There is no address for the host {host}: give an IP address, such as 127.0.0.1 or 0.0.0.0.");
}
