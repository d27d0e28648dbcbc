"""An agent of twenty lines, spoken to in JSON Lines: it handles refunds of damaged goods."""
import json, re, sys

def send(line):
    print(json.dumps(line), flush=True)

def call(name, **args):
    send({"call": name, "args": args})
    return json.loads(sys.stdin.readline())

for line in sys.stdin:
    user = json.loads(line)["user"]
    send({"usage": {"input": len(user.split()), "output": 8}})
    order_id = re.search(r"W-\d{4}", user)
    if not order_id:
        send({"say": "Could you tell me your order number, please?"})
        continue
    order = call("get_order", order_id=order_id[0])
    if order.get("error") or "refund" not in user.lower():
        send({"say": f"Order {order_id[0]}: {order['result']}"})
    elif order["result"].get("days_since_delivery", 99) > 30:
        send({"say": "I can't refund this order: refunds end 30 days after delivery."})
    else:
        refund = call("refund_order", order_id=order_id[0], reason="damaged")
        send({"say": f"Your refund of ${refund['result']['refunded']} is on its way."})
