using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace VlmSharp.Server.Tests.Page;

/// <summary>The document that describes the routes.</summary>
[Collection(BrowserTests.Name)]
public sealed class OpenApiTests(BrowserFixture browser) : IAsyncLifetime
{
    private ScriptedServer _server = null!;
    private JsonNode _document = null!;

    public async Task InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync((_, _) => Task.CompletedTask);
        using var client = new HttpClient();
        _document = JsonNode.Parse(await client.GetStringAsync(_server.Origin + "/openapi.json"))!;
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public void Every_reference_means_something()
    {
        int references = 0;
        Walk(_document, node =>
        {
            if (node is not JsonObject { Count: 1 } || node["$ref"] is not JsonValue reference) return;
            references++;
            JsonNode? at = _document;
            foreach (string step in reference.GetValue<string>()["#/".Length..].Split('/')) at = at?[step];
            Assert.True(at is not null, $"{reference} is not there.");
        });
        Assert.InRange(references, 20, 1000);
    }

    [Fact]
    public void Every_member_and_every_route_is_described()
    {
        List<string> silent = [];
        Walk(_document, node =>
        {
            if (node is not JsonObject || node["properties"] is not JsonObject properties) return;
            foreach ((string name, JsonNode? property) in properties)
                if (property!["$ref"] is null && property["description"] is null && property["const"] is null && property["properties"] is null && name != "refusal") silent.Add(node.GetPath() + "." + name);
        });
        Assert.Empty(silent);
        JsonNode[] operations = [.. Operations().Select(operation => operation.Node)];
        Assert.All(operations, operation => Assert.False(string.IsNullOrEmpty((string?)operation["summary"])));
        Assert.Equal(operations.Length, operations.Select(operation => (string?)operation["operationId"]).Distinct().Count());
        string[] tags = [.. _document["tags"]!.AsArray().Select(tag => (string)tag!["name"]!)];
        Assert.All(operations, operation => Assert.Contains((string)operation["tags"]![0]!, tags));
    }

    [ChromiumFact]
    public Task The_page_shows_every_route_with_what_it_takes() => browser.UseAsync(_server.Origin, async page =>
    {
        await Assertions.Expect(page.Locator(".route")).ToHaveCountAsync(Operations().Count());
        Assert.Equal(Operations().Select(operation => $"{operation.Method.ToUpperInvariant()} {operation.Path}").Order(), (await page.Locator(".route h3").EvaluateAllAsync<string[]>("all => all.map(one => `${one.children[0].textContent} ${one.children[1].textContent}`)")).Order());
        ILocator detect = page.Locator("#detect");
        foreach (string member in (string[])["image", "things", "max_tokens", "detections[]", "detections[].box", "usage.prompt_tokens_details.image_tokens"])
            await Assertions.Expect(detect.Locator("dt code").Filter(new() { HasTextRegex = new($"^{System.Text.RegularExpressions.Regex.Escape(member)}$") }).First).ToBeVisibleAsync();
        await Assertions.Expect(detect.Locator("pre").First).ToContainTextAsync($"curl {_server.Origin}/v1/detect");
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Routes" }).GetByRole(AriaRole.Link, new() { Name = "/v1/tokenize" }).ClickAsync();
        await Assertions.Expect(page.Locator("#tokenize")).ToBeInViewportAsync();
    }, new PageView { Address = "docs" });

    private IEnumerable<(string Path, string Method, JsonNode Node)> Operations() =>
        _document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => (path.Key, operation.Key, operation.Value!)));

    private static void Walk(JsonNode? node, Action<JsonNode> visit)
    {
        if (node is null) return;
        visit(node);
        IEnumerable<JsonNode?> inner = node switch { JsonObject members => members.Select(member => member.Value), JsonArray items => items, _ => [] };
        foreach (JsonNode? one in inner) Walk(one, visit);
    }
}
