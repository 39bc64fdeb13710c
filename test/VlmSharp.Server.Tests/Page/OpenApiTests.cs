using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using VlmSharp.Server.Chat;
using VlmSharp.Server.Keys;
using VlmSharp.Server.Native;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Tests.Page;

/// <summary>The document that describes the routes.</summary>
[Collection(BrowserTests.Name)]
public sealed class OpenApiTests(BrowserFixture browser) : IAsyncLifetime
{
    private ScriptedServer server = null!;
    private JsonNode document = null!;

    public async Task InitializeAsync()
    {
        server = await ScriptedServer.StartAsync((_, _) => Task.CompletedTask);
        using var client = new HttpClient();
        document = JsonNode.Parse(await client.GetStringAsync(server.Origin + "/openapi.json"))!;
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Fact]
    public void Every_reference_resolves()
    {
        int references = 0;
        Walk(document, node =>
        {
            if (node is not JsonObject { Count: 1 } || node["$ref"] is not JsonValue reference) return;
            references++;
            JsonNode? at = document;
            foreach (string step in reference.GetValue<string>()["#/".Length..].Split('/')) at = at?[step];
            Assert.True(at is not null, $"{reference} is not there.");
        });
        Assert.InRange(references, 20, 1000);
    }

    [Fact]
    public void Every_member_and_every_route_is_described()
    {
        List<string> silent = [];
        Walk(document, node =>
        {
            if (node is not JsonObject || node["properties"] is not JsonObject properties) return;
            foreach ((string name, JsonNode? property) in properties)
                if (property!["$ref"] is null
                    && property["description"] is null && property["const"] is null && property["properties"] is null && name != "refusal")
                {
                    silent.Add(node.GetPath() + "." + name);
                }
        });
        Assert.Empty(silent);
        JsonNode[] operations = [.. Operations().Select(operation => operation.Node)];
        Assert.All(operations, operation => Assert.False(string.IsNullOrEmpty((string?)operation["summary"])));
        Assert.Equal(operations.Length, operations.Select(operation => (string?)operation["operationId"]).Distinct().Count());
        string[] tags = [.. document["tags"]!.AsArray().Select(tag => (string)tag!["name"]!)];
        Assert.All(operations, operation => Assert.Contains((string)operation["tags"]![0]!, tags));
    }

    [Fact]
    public async Task It_has_the_routes_of_the_server_and_no_others()
    {
        var options = new ServerOptions();
        await using WebApplication application = ServerPipeline.Build(options, new IPEndPoint(IPAddress.Loopback, 0));
        using var lifecycle = new Lifecycle(application.Services.GetRequiredService<HealthState>());
        var keys = new KeyGate(null, null, options.ClientLimits, _ => { });
        using PictureReader pictures = ServerPipeline.Use(application, options, keys, lifecycle);
        IEnumerable<string> mapped =
            ((IEndpointRouteBuilder)application).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is not { ExcludeFromDescription: true })
            .SelectMany(route =>
                route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
                    .Where(method => method != "HEAD")
                    .Select(
                        method => $"{method} /{route.RoutePattern.RawText!.TrimStart('/').Replace("{**", "{", StringComparison.Ordinal)}"));
        Assert.Equal(
            mapped.Order(StringComparer.Ordinal),
            Operations().Select(operation => $"{operation.Method.ToUpperInvariant()} {operation.Path}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Chat_has_every_member_that_is_honored()
    {
        string[] described =
            [.. document["components"]!["schemas"]!["ChatRequest"]!["properties"]!.AsObject().Select(member => member.Key)];
        Assert.Equal(
            ChatMembers.All.Where(member => member.Use == MemberUse.Accepted).Select(member => member.Name).Order(StringComparer.Ordinal),
            described.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("CaptionRequest", "caption")]
    [InlineData("AskRequest", "ask")]
    [InlineData("DetectRequest", "detect")]
    [InlineData("SegmentRequest", "segment")]
    public void Every_documented_member_of_the_native_routes_is_read(string schema, string task)
    {
        string[] described = [.. Members(document["components"]!["schemas"]![schema]!)];
        Assert.InRange(described.Length, 10, 40);
        var limits = new RequestLimits
        {
            Timeout = TimeSpan.FromMinutes(1),
            MaxBodyBytes = 1000,
            MaxBufferedBytes = 1000,
            MaxPromptCharacters = 1000,
            MaxBatchRequests = 1,
            MaxChoices = 1,
            MaxPictures = 1
        };
        Assert.All(described.Where(name => name != "image"), name =>
        {
            byte[] member = Encoding.UTF8.GetBytes($"{{\"{name}\":null}}");
            var json = new Utf8JsonReader(member);
            json.Read();
            json.Read();
            json.Read();
            Assert.True(
                NativeMembers.TryRead(ref json, name, new NativeRequest(new SamplingMembers(limits)), limits),
                $"{task} does not read {name}.");
        });
    }

    private IEnumerable<string> Members(JsonNode schema)
    {
        if (schema["$ref"] is { } reference)
            return Members(reference.GetValue<string>()["#/".Length..].Split('/').Aggregate(document, (at, step) => at[step]!));
        IEnumerable<string> inherited = schema["allOf"]?.AsArray().SelectMany(part => Members(part!)) ?? [];
        return inherited.Concat(schema["properties"]?.AsObject().Select(member => member.Key) ?? []);
    }

    [ChromiumFact]
    public Task The_page_shows_every_route_with_what_it_takes() => browser.UseAsync(server.Origin, async page =>
    {
        await Assertions.Expect(page.Locator(".route")).ToHaveCountAsync(Operations().Count());
        Assert.Equal(
            Operations().Select(operation => $"{operation.Method.ToUpperInvariant()} {operation.Path}").Order(),
            (await page.Locator(".route h3")
                .EvaluateAllAsync<string[]>(
                    "all => all.map(one => `${one.children[0].textContent} ${one.children[1].textContent}`)")).Order());
        ILocator detect = page.Locator("#detect");
        foreach (string member in (string[])[
            "image", "things", "max_tokens", "detections[]", "detections[].box", "usage.prompt_tokens_details.image_tokens"
        ])
            await Assertions.Expect(
                detect.Locator("dt code")
                    .Filter(new() { HasTextRegex = new($"^{System.Text.RegularExpressions.Regex.Escape(member)}$") }).First)
                .ToBeVisibleAsync();
        await Assertions.Expect(detect.Locator("pre").First).ToContainTextAsync($"curl {server.Origin}/v1/detect");
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Routes" })
            .GetByRole(AriaRole.Link, new() { Name = "/v1/tokenize" }).ClickAsync();
        await Assertions.Expect(page.Locator("#tokenize")).ToBeInViewportAsync();
    }, new PageView { Address = "docs" });

    private IEnumerable<(string Path, string Method, JsonNode Node)> Operations() =>
        document["paths"]!
            .AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(operation => (path.Key, operation.Key, operation.Value!)));

    private static void Walk(JsonNode? node, Action<JsonNode> visit)
    {
        if (node is null) return;
        visit(node);
        IEnumerable<JsonNode?> inner =
            node switch { JsonObject members => members.Select(member => member.Value), JsonArray items => items, _ => [] };
        foreach (JsonNode? one in inner) Walk(one, visit);
    }
}
