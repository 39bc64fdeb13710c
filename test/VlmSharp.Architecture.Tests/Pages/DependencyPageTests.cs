using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace VlmSharp.Architecture.Tests.Pages;

/// <summary>The page of the dependencies says which packages there are, and in which version.</summary>
public sealed partial class DependencyPageTests
{
    [Fact]
    public void Every_package_has_its_row_and_every_row_its_package()
    {
        (string, string)[] pinned = [.. XDocument.Parse(RepositoryFiles.Read("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(package => (package.Attribute("Include")!.Value, package.Attribute("Version")!.Value.Trim('[', ']')))];
        (string, string)[] rows = [.. Row().Matches(RepositoryFiles.Read("docs/dependencies.md"))
            .Select(match => (match.Groups[1].Value, match.Groups[2].Value))];
        Assert.NotEmpty(pinned);
        Faults.AssertNone(pinned.Except(rows).Select(package => $"docs/dependencies.md has no row of {package}"));
        Faults.AssertNone(rows.Except(pinned).Select(row => $"docs/dependencies.md has a row of {row}, which is not pinned"));
    }

    // "| NAME | VERSION | ", with at least two numbers in the version.
    [GeneratedRegex(@"^\| ([\w.]+) \| (\d+(?:\.\d+)+) \| ", RegexOptions.Multiline)]
    private static partial Regex Row();
}
