using System.Net;
using VlmSharp.Server.Pictures;

namespace VlmSharp.Server.Tests.Pictures;

/// <summary>Which addresses may be connected to: both ends of every refused range, and the neighbors just outside it.</summary>
public class AddressRulesTests
{
    [Theory]
    [InlineData("0.0.0.0", "0.255.255.255", null, "1.0.0.0")]
    [InlineData("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0")]
    [InlineData("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0")]
    [InlineData("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0")]
    [InlineData("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0")]
    [InlineData("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0")]
    [InlineData("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0")]
    [InlineData("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0")]
    [InlineData("192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0")]
    [InlineData("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0")]
    [InlineData("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0")]
    [InlineData("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0")]
    [InlineData("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0")]
    [InlineData("224.0.0.0", "255.255.255.255", "223.255.255.255", null)]
    [InlineData("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::")]
    [InlineData("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::")]
    [InlineData("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::")]
    [InlineData("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::")]
    [InlineData("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", null, "2000::")]
    [InlineData("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", null)]
    public void A_range_is_refused_from_end_to_end_and_not_beyond(string first, string last, string? before, string? behind)
    {
        Assert.False(Allows(first), first);
        Assert.False(Allows(last), last);
        Assert.True(before is null || Allows(before), before);
        Assert.True(behind is null || Allows(behind), behind);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")] // the metadata service of most clouds
    [InlineData("100.100.100.200")] // the metadata service of another cloud
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::ffff:127.0.0.1")] // mapped
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("::127.0.0.1")] // compatible
    [InlineData("64:ff9b::7f00:1")] // NAT64 of loopback
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b::10.1.2.3")]
    [InlineData("64:ff9b:1::808:808")] // NAT64 within a site
    [InlineData("2002:7f00:1::")] // 6to4 of loopback
    [InlineData("2002:808:808::1")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")] // Teredo
    [InlineData("2001:10::1")] // ORCHID
    [InlineData("2001:2::1")] // benchmarks
    [InlineData("2620:fe::5efe:10.0.0.1")] // ISATAP
    [InlineData("2620:fe::200:5efe:a00:1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("fec0::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")] // a metadata service
    [InlineData("ff02::1")]
    [InlineData("100::1")]
    [InlineData("5f00::1")]
    public void Internal_addresses_are_refused_in_every_disguise(string address) => Assert.False(Allows(address));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("1.1.1.1")]
    [InlineData("93.184.216.34")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001::200e")]
    [InlineData("64:ff9b::808:808")] // NAT64 of 8.8.8.8, on networks without IPv4
    public void Public_addresses_are_allowed(string address) => Assert.True(Allows(address));

    /// <summary>What the framework's own checks of addresses miss.</summary>
    [Fact]
    public void No_random_address_of_a_refused_range_gets_through()
    {
        var random = new Random(1);
        byte[] four = new byte[4], sixteen = new byte[16];
        for (int i = 0; i < 100_000; i++)
        {
            random.NextBytes(four);
            var address = new IPAddress(four);
            bool inside =
                four[0] is 0 or 10 or 127 or >= 224 || (four[0] == 192 && four[1] == 168) || (four[0] == 172 && four[1] is >= 16 and < 32);
            Assert.False(inside && AddressRules.Allows(address), address.ToString());
            Assert.False(AddressRules.Allows(address.MapToIPv6()));
            random.NextBytes(sixteen);
            var six = new IPAddress(sixteen);
            Assert.False((sixteen[0] & 0xE0) != 0x20 && AddressRules.Allows(six), six.ToString());
        }
    }

    private static bool Allows(string address) => AddressRules.Allows(IPAddress.Parse(address));
}
