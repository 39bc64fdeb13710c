using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static VlmSharp.Server.Tests.Page.ScriptedServer;

namespace VlmSharp.Server.Tests.Page;

/// <summary>Boxes and their texts are linked both ways and can be copied.</summary>
[Collection(BrowserTests.Name)]
public sealed class DetectionTests(BrowserFixture browser) : IAsyncLifetime
{
    private static readonly PageView View = new() { Address = "#task=detect&things=car ; key&sample=car-key" };
    private ScriptedServer server = null!;

    public async Task InitializeAsync()
    {
        // 224 rows, 224 columns: the first 10 columns.
        var mask = new JsonObject { ["size"] = new JsonArray(224, 224), ["counts"] = new JsonArray(0, 2240, 47936) };
        server = await StartAsync((http, _) =>
            EndAsync(
                http, Answer("detect", "detect car ; key", "…", Found("car", 112, 28, 210, 84), Found("key", 56, 112, 168, 217.5, mask))));
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    [ChromiumFact]
    public Task Pointing_at_a_text_brings_its_box_forward_and_at_a_box_its_text() => UseAsync(async page =>
    {
        ILocator text = page.Locator(".found li").Nth(1), box = page.Locator(".mark").Nth(1);
        await text.HoverAsync();
        await Expect(page, box: 1, text: 1);
        await page.Mouse.MoveAsync(2, 2);
        await Expect(page, box: null, text: null);
        await box.HoverAsync();
        await Expect(page, box: 1, text: 1);
    });

    [ChromiumFact]
    public Task The_keyboard_links_boxes_and_texts_too() => UseAsync(async page =>
    {
        await page.Locator(".found button").Nth(1).FocusAsync();
        await Expect(page, box: 1, text: 1);
        await page.Locator(".mark").First.FocusAsync();
        await Expect(page, box: 0, text: 0);
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(page, box: 1, text: 1);
        await page.Keyboard.PressAsync("ArrowRight"); // wraps around to the first
        await Expect(page, box: 0, text: 0);
        Assert.Equal("car, from 112, 28 to 210, 84", await page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-label')"));
    });

    [ChromiumFact]
    public Task Copying_as_json_gives_what_the_server_sent() => UseAsync(async page =>
    {
        JsonNode copied = JsonNode.Parse(await CopyAsync(page, "Copy as JSON"))!;
        Assert.Equal("detect car ; key", (string?)copied["prompt"]);
        Assert.Equal("[56,112,168,217.5]", copied["detections"]![1]!["box"]!.ToJsonString());
        Assert.Equal(76, (int?)copied["usage"]!["total_tokens"]);
    });

    [ChromiumFact]
    public Task Copying_as_coco_gives_boxes_a_width_and_masks_an_area() => UseAsync(async page =>
    {
        JsonNode coco = JsonNode.Parse(await CopyAsync(page, "Copy as COCO"))!;
        Assert.Equal("""[{"id":1,"file_name":"car-key.png","width":224,"height":224}]""", coco["images"]!.ToJsonString());
        Assert.Equal("""[{"id":1,"name":"car"},{"id":2,"name":"key"}]""", coco["categories"]!.ToJsonString());
        JsonNode car = coco["annotations"]![0]!, key = coco["annotations"]![1]!;
        Assert.Equal("[112,28,98,56]", car["bbox"]!.ToJsonString());
        Assert.Equal(98 * 56, (int?)car["area"]);
        Assert.Equal("[0,0,10,224]", key["bbox"]!.ToJsonString()); // the box around the mask
        Assert.Equal(2240, (int?)key["area"]);
        Assert.Equal(2, (int?)key["category_id"]);
    });

    [ChromiumFact]
    public Task Copying_as_png_draws_the_boxes_in() => UseAsync(async page =>
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy as PNG, the boxes drawn" }).ClickAsync();
        await Assertions.Expect(page.Locator(".said")).ToHaveTextAsync("Copied.");
        int[] facts = await page.EvaluateAsync<int[]>("""
            async () => {
              const [item] = await navigator.clipboard.read();
              const image = await createImageBitmap(await item.getType("image/png"));
              const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
              context.drawImage(image, 0, 0);
              const scale = image.width / 224;
              // a point on the lower edge of the car's box
              return [image.width, image.height, ...context.getImageData(160 * scale, 84 * scale, 1, 1).data];
            }
            """);
        string color = await page.Locator(".mark .edge").First.EvaluateAsync<string>("edge => edge.getAttribute('stroke')");
        Assert.Equal(0, facts[0] % 224);
        Assert.Equal(facts[0], facts[1]);
        Assert.Equal(color, $"#{facts[2]:x2}{facts[3]:x2}{facts[4]:x2}");
    });

    private Task UseAsync(Func<IPage, Task> use) => browser.UseAsync(server.Origin, async page =>
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".found li")).ToHaveCountAsync(2);
        await use(page);
    }, View);

    private static async Task<string> CopyAsync(IPage page, string name)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = name }).ClickAsync();
        await Assertions.Expect(page.Locator(".said")).ToHaveTextAsync("Copied.");
        return await page.EvaluateAsync<string>("navigator.clipboard.readText()");
    }

    private static async Task Expect(IPage page, int? box, int? text)
    {
        const string Which = "[...document.querySelectorAll('SELECTOR')].findIndex(node => node.classList.contains('pointed'))";
        Assert.Equal(box ?? -1, await page.EvaluateAsync<int>(Which.Replace("SELECTOR", ".mark", StringComparison.Ordinal)));
        Assert.Equal(text ?? -1, await page.EvaluateAsync<int>(Which.Replace("SELECTOR", ".found li", StringComparison.Ordinal)));
    }
}
